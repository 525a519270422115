#include "tail/journal_poll.h"

#include "base/log.h"

#include <utility>

namespace logi::tail {
namespace {

// Who has caught up begins to follow within that many rounds.
constexpr int kIdleMax = 40;

}  // namespace

Status JournalPoll::catch_up() {
    LOGI_RETURN_IF_ERROR(poll_(true));
    {
        const base::MutexLock lock(mutex_);
        idle_ = 0;
        if (std::exchange(running_, true)) {
            return absl::OkStatus();
        }
    }
    later();
    return absl::OkStatus();
}

void JournalPoll::later() {
    executor_.post_after(kPeriod, [self = shared_from_this()] {
        // A timer's task is short, and this asks the bucket.
        self->executor_.post_long([self] { self->run(); });
    });
}

void JournalPoll::run() {
    bool look = false;
    {
        const base::MutexLock lock(mutex_);
        idle_ = tails_.anybody() ? 0 : idle_ + 1;
        if (idle_ > kIdleMax) {
            running_ = false;
            return;
        }
        look = ++round_ % kLookEvery == 0;
    }
    const Status status = poll_(look);
    {
        const base::MutexLock lock(mutex_);
        if (!std::exchange(failing_, !status.ok()) && failing_) {
            base::log_warn("live tails lag: the journals cannot be read",
                           {{"error", std::string(message_of(status))}});
        }
    }
    later();
}

}  // namespace logi::tail
