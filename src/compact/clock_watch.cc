#include "compact/clock_watch.h"

#include "base/log.h"
#include "base/planted.h"

#include <algorithm>

namespace logi::compact {

ClockWatch::ClockWatch(Timestamp now, Timestamp written) : last_(now) {
    compare(now, written);
}

void ClockWatch::compare(Timestamp now, Timestamp written) {
    if (written > written_) {
        written_ = written;
        if (now - written > kTrial) {
            doubt();
        }
    }
}

void ClockWatch::doubt() {
    if (trial_left_.ns == 0) {
        base::log_warn("the clock may be wrong; for a day nothing is removed for its age");
    }
    trial_left_ = kTrial;
}

void ClockWatch::tick(Timestamp now) {
    const Duration passed = now - last_;
    last_ = now;
    if (passed.ns < -kJump.ns || passed > kJump) {
        doubt();
    } else {
        trial_left_.ns = std::max<std::int64_t>(trial_left_.ns - kTick.ns, 0);
    }
}

bool ClockWatch::believes(Timestamp now) const {
    const Duration passed = now - last_;
    return base::planted(base::Planted::kBelieveClock) ||
           (trial_left_.ns == 0 && passed.ns >= -kJump.ns && passed <= kJump);
}

}  // namespace logi::compact
