#include "io/sim_executor.h"

namespace logi::io {

void SimExecutor::post_after(Duration delay, Task task) {
    timers_.emplace(clock_.now() + delay, std::move(task));
}

bool SimExecutor::run_ready() {
    while (!timers_.empty() && timers_.begin()->first <= clock_.now()) {
        ready_.push_back(std::move(timers_.begin()->second));
        timers_.erase(timers_.begin());
    }
    if (ready_.empty()) {
        return false;
    }
    const auto pick = static_cast<std::size_t>(random_.below(ready_.size()));
    Task task = std::move(ready_[pick]);
    ready_.erase(ready_.begin() + static_cast<std::ptrdiff_t>(pick));
    task();
    return true;
}

bool SimExecutor::run_one() {
    if (run_ready()) {
        return true;
    }
    if (timers_.empty()) {
        return false;
    }
    clock_.advance(timers_.begin()->first - clock_.now());
    return run_ready();
}

void SimExecutor::run_until_idle() {
    while (run_ready()) {
    }
}

void SimExecutor::drop_all() {
    // Tasks may own tasks; their destructors must not touch containers in the middle of a clear.
    const auto ready = std::exchange(ready_, {});
    const auto timers = std::exchange(timers_, {});
}

}  // namespace logi::io
