// What other processes take in, where they share a bucket, comes from there: as long as somebody
// follows, the bucket is asked for new objects of the journals. All who follow share that. What is
// put into journals stays there for a time; if they could not be read for longer, something may
// have been missed, and all who follow are told to begin again.
#pragma once

#include "base/mutex.h"
#include "io/clock.h"
#include "io/executor.h"
#include "tail/tails.h"

#include <functional>
#include <memory>

namespace logi::tail {

// Thread-safe.
class JournalPoll : public std::enable_shared_from_this<JournalPoll> {
  public:
    // How long an entry waits at most to be looked for, beside what the bucket takes; in a new
    // journal kLookEvery times as long.
    static constexpr Duration kPeriod = Duration::millis(250);
    static constexpr int kLookEvery = 4;

    // Finds what has come, and publishes it; `look`: also which journals there are. An error: not
    // all of it.
    using Poll = std::function<Status(bool look)>;

    // Executor, clock, tails and what `poll` asks must outlive what the executor still runs.
    JournalPoll(io::Executor& executor, const io::Clock& clock, Tails& tails, Poll poll)
        : executor_(executor), clock_(clock), tails_(tails), poll_(std::move(poll)) {}

    // Before somebody begins to follow: what was acknowledged before the call does not come as news
    // any more, and what comes later does. Asks the bucket, so from a task.
    Status catch_up();

  private:
    void later();
    void run();
    Status look();
    void end_if_missed(Timestamp now);

    io::Executor& executor_;
    const io::Clock& clock_;
    Tails& tails_;
    const Poll poll_;
    base::Mutex mutex_;
    bool running_ LOGI_GUARDED_BY(mutex_) = false;
    int idle_ LOGI_GUARDED_BY(mutex_) = 0;  // rounds for which nobody has followed
    int round_ LOGI_GUARDED_BY(mutex_) = 0;
    bool failing_ LOGI_GUARDED_BY(mutex_) = false;
    // When the last look at everything began.
    Timestamp looked_ LOGI_GUARDED_BY(mutex_) = Timestamp::max();
};

}  // namespace logi::tail
