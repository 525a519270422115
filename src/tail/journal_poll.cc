#include "tail/journal_poll.h"

#include "base/log.h"
#include "journal/registry.h"

#include <utility>

namespace logi::tail {
namespace {

// Who has caught up begins to follow within that many rounds.
constexpr int kIdleMax = 40;

}  // namespace

Status JournalPoll::catch_up() {
    LOGI_RETURN_IF_ERROR(look());
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

Status JournalPoll::look() {
    const Timestamp begin = clock_.now();
    end_if_missed(begin);
    LOGI_RETURN_IF_ERROR(poll_(true));
    end_if_missed(clock_.now());
    const base::MutexLock lock(mutex_);
    looked_ = begin;
    return absl::OkStatus();
}

// What has come since the last look began is there, unless that is too long ago.
void JournalPoll::end_if_missed(Timestamp now) {
    {
        const base::MutexLock lock(mutex_);
        if (now - looked_ < journal::kKeptFor) {
            return;
        }
        looked_ = now;
    }
    if (tails_.anybody()) {
        base::log_warn("live tails are closed: the journals could not be read for too long");
        tails_.end("lines may have been missed: the journals could not be read for too long");
    }
}

void JournalPoll::later() {
    executor_.post_after(kPeriod, [self = shared_from_this()] {
        // A timer's task is short, and this asks the bucket.
        self->executor_.post_long([self] { self->run(); });
    });
}

void JournalPoll::run() {
    bool with_journals = false;
    {
        const base::MutexLock lock(mutex_);
        idle_ = tails_.anybody() ? 0 : idle_ + 1;
        if (idle_ > kIdleMax) {
            running_ = false;
            return;
        }
        with_journals = ++round_ % kLookEvery == 0;
    }
    const Status status = with_journals ? look() : poll_(false);
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
