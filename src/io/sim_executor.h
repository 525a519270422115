// An executor and a clock for simulations: one thread, order and time decided by a seed.
#pragma once

#include "io/clock.h"
#include "io/executor.h"
#include "io/random.h"

#include <cstdint>
#include <map>
#include <vector>

namespace logi::io {

// Stands still until somebody advances it.
class SimClock final : public Clock {
  public:
    SimClock() = default;
    explicit SimClock(Timestamp start) : now_(start) {}
    [[nodiscard]] Timestamp now() const override { return now_; }
    void advance(Duration by) { now_ = now_ + by; }

  private:
    Timestamp now_;
};

// Tasks run when the test says so, in an order that the seed picks. Not thread-safe.
class SimExecutor final : public Executor {
  public:
    SimExecutor(std::uint64_t seed, SimClock& clock) : random_(seed), clock_(clock) {}

    void post(Task task) override { ready_.push_back(std::move(task)); }
    // Whether long or not: threads may run them in any order.
    void post_long(Task task) override { post(std::move(task)); }
    void post_after(Duration delay, Task task) override;
    [[nodiscard]] std::size_t parallelism() const override { return 2; }

    // Runs one task that is ready, or a timer that is due. False if there is none.
    bool run_ready();
    // Runs one ready task; when none is ready, moves the clock to the next timer and runs that.
    // False when there is neither.
    bool run_one();
    // Runs ready tasks and timers that are due, without moving the clock.
    void run_until_idle();
    // A crash: forgets every task and timer.
    void drop_all();

  private:
    SeededRandom random_;
    SimClock& clock_;
    std::vector<Task> ready_;
    std::multimap<Timestamp, Task> timers_;
};

}  // namespace logi::io
