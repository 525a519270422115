// Says in the log what is wrong with what others send, not for each message.
#pragma once

#include "base/log.h"
#include "io/clock.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace logi::agent {

// One thread at a time.
class Complaints {
  public:
    Complaints(const io::Clock& clock, std::string job) : clock_(clock), job_(std::move(job)) {}

    void say(std::string_view what, const std::string& from, const std::string& error) {
        ++untold_;
        if (clock_.now() < next_) {
            return;
        }
        base::log_warn(
            what,
            {{"job", job_}, {"from", from}, {"error", error}, {"times", std::to_string(untold_)}});
        untold_ = 0;
        next_ = clock_.now() + kPause;
    }

  private:
    static constexpr Duration kPause = Duration::seconds(10);
    const io::Clock& clock_;
    const std::string job_;
    Timestamp next_ = Timestamp::min();
    std::uint64_t untold_ = 0;
};

}  // namespace logi::agent
