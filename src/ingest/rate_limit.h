// A token bucket. Not thread-safe.
#pragma once

#include "base/time.h"

#include <algorithm>

namespace logi::ingest {

class TokenBucket {
  public:
    // Takes `amount` if the bucket, which holds at most `burst` and fills at `rate_per_second`, has
    // that much at `now`.
    bool take(double amount, double rate_per_second, double burst, Timestamp now) {
        if (!started_) {
            started_ = true;
            tokens_ = burst;
        } else if (now > last_) {
            tokens_ += rate_per_second * static_cast<double>((now - last_).ns) / 1e9;
        }
        last_ = now;  // also a clock that was set back: else nothing came until it is there again
        tokens_ = std::min(tokens_, burst);
        if (amount > tokens_) {
            return false;
        }
        tokens_ -= amount;
        return true;
    }

  private:
    bool started_ = false;
    double tokens_ = 0;
    Timestamp last_;
};

}  // namespace logi::ingest
