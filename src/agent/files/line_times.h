// The times that lines get when they are read: no two lines of an agent the same, so that equal
// lines stay two entries, and ascending, except where the clock is set back.
#pragma once

#include "base/time.h"
#include "io/clock.h"

#include <algorithm>
#include <cstdint>

namespace logi::agent {

// On one strand.
class LineTimes {
  public:
    LineTimes(const io::Clock& clock, Timestamp last) : clock_(clock), last_(last) {}
    // The first of `count` times, a nanosecond apart.
    Timestamp take(std::uint64_t count) {
        const Timestamp now = clock_.now();
        // Reading is never so far ahead by itself.
        const bool set_back = last_ - now > Duration::seconds(10);
        const Timestamp first = set_back ? now : std::max(now, last_ + Duration{1});
        last_ = first + Duration{static_cast<std::int64_t>(count)};
        return first;
    }

  private:
    const io::Clock& clock_;
    Timestamp last_;
};

}  // namespace logi::agent
