// Opened once, for those who wait for what another thread is doing.
#pragma once

#include "base/time.h"

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace logi::io {

// Thread-safe. Only a task that waits for I/O anyway may wait for it, and only for a task that is
// running already and waits for I/O alone: so that no task waits for one that gets no thread.
class Latch {
  public:
    void open() {
        const std::lock_guard<std::mutex> lock(mutex_);
        open_ = true;
        wake_.notify_all();
    }
    void wait() {
        std::unique_lock<std::mutex> lock(mutex_);
        wake_.wait(lock, [this] { return open_; });
    }
    // Whether it was opened in that time. So a task of post_long() may wait for tasks of post(),
    // too.
    bool wait_for(Duration time) {
        std::unique_lock<std::mutex> lock(mutex_);
        return wake_.wait_for(lock, std::chrono::nanoseconds(time.ns), [this] { return open_; });
    }

  private:
    std::mutex mutex_;
    std::condition_variable wake_;
    bool open_ = false;
};

}  // namespace logi::io
