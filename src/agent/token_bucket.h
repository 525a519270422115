// A rate with bursts, for those who wait and those who do not.
#pragma once

#include "base/time.h"

#include <algorithm>

namespace logi::agent {

// One task at a time.
class TokenBucket {
  public:
    TokenBucket(double per_second, double burst)
        : per_second_(per_second), burst_(burst), tokens_(burst) {}

    // False: there is none left.
    [[nodiscard]] bool take(Timestamp now) {
        refill(now);
        if (tokens_ < 1) {
            return false;
        }
        tokens_ -= 1;
        return true;
    }
    // Takes one in any case; how long one should wait until it is there.
    [[nodiscard]] Duration reserve(Timestamp now) {
        refill(now);
        tokens_ -= 1;
        return tokens_ >= 0 ? Duration{}
                            : Duration{static_cast<std::int64_t>(
                                  -tokens_ / per_second_ * static_cast<double>(kNanosPerSecond))};
    }

  private:
    void refill(Timestamp now) {
        if (now > last_) {
            const double seconds =
                static_cast<double>((now - last_).ns) / static_cast<double>(kNanosPerSecond);
            tokens_ = std::min(burst_, tokens_ + seconds * per_second_);
        }
        last_ = now;  // also a clock that was set back: else nothing came until it is there again
    }
    double per_second_;
    double burst_;
    double tokens_;
    Timestamp last_;
};

}  // namespace logi::agent
