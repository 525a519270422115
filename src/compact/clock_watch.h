// Whether the wall clock may be believed, where data is to be removed because of it.
#pragma once

#include "base/time.h"

namespace logi::compact {

// A clock is believed unless it is more than a day later than the newest thing that was written, or
// has jumped; then only after it has run evenly for a day. One thread at a time.
class ClockWatch {
  public:
    // How often tick() is called, as timers have it.
    static constexpr Duration kTick = Duration::minutes(1);

    // `written`: when something was last written, by the clock of then; 0: not known.
    ClockWatch(Timestamp now, Timestamp written);

    void tick(Timestamp now);
    // The newest thing that was written, as of now: by others with clocks of their own, if
    // processes share a bucket.
    void compare(Timestamp now, Timestamp written);
    // Also looks whether the clock has jumped since the last tick.
    [[nodiscard]] bool believes(Timestamp now) const;

  private:
    static constexpr Duration kJump = Duration::hours(1);
    static constexpr Duration kTrial = Duration::hours(24);

    void doubt();

    Timestamp last_;
    Timestamp written_;
    Duration trial_left_;  // 0: believed
};

}  // namespace logi::compact
