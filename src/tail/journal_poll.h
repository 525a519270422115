// What other processes take in, where they share a bucket, comes from there: as long as somebody
// follows, the bucket is asked for new objects of the journals. All who follow share that.
#pragma once

#include "base/mutex.h"
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

    // Finds what has come, and publishes it; `look`: also which journals there are.
    using Poll = std::function<Status(bool look)>;

    // Executor, tails and what `poll` asks must outlive what the executor still runs.
    JournalPoll(io::Executor& executor, Tails& tails, Poll poll)
        : executor_(executor), tails_(tails), poll_(std::move(poll)) {}

    // Before somebody begins to follow: what was acknowledged before the call does not come as news
    // any more, and what comes later does. Asks the bucket, so from a task.
    Status catch_up();

  private:
    void later();
    void run();

    io::Executor& executor_;
    Tails& tails_;
    const Poll poll_;
    base::Mutex mutex_;
    bool running_ LOGI_GUARDED_BY(mutex_) = false;
    int idle_ LOGI_GUARDED_BY(mutex_) = 0;  // rounds for which nobody has followed
    int round_ LOGI_GUARDED_BY(mutex_) = 0;
    bool failing_ LOGI_GUARDED_BY(mutex_) = false;
};

}  // namespace logi::tail
