// All work, timers and waits go through an Executor: tasks on a thread pool in production, one
// seeded thread in simulation. A task never waits for another task; it is continued by a callback.
#pragma once

#include "base/mutex.h"
#include "base/time.h"

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>

namespace logi::io {

using Task = std::function<void()>;

class Executor {
  public:
    virtual ~Executor() = default;
    // Runs `task` soon, on any thread, concurrently with others. Never runs it inline.
    virtual void post(Task task) = 0;
    // The same for reading, of which there may be much: never holds up what post() takes.
    virtual void post_long(Task task) = 0;
    // Runs `task` once `delay` has passed, however busy post() keeps the threads. One thread may
    // run all of these, so they are short: what works posts.
    virtual void post_after(Duration delay, Task task) = 0;
    // How many tasks of post_long() can run at once; at least 1.
    [[nodiscard]] virtual std::size_t parallelism() const = 0;
};

// `threads` workers for post(), as many for post_long() and a thread for timers: which of them gets
// a core, when all are busy, is up to the kernel, which lets no thread wait for long. The
// destructor runs what is already due, drops timers that are not, and joins.
class ThreadPool final : public Executor {
  public:
    explicit ThreadPool(std::size_t threads);
    ~ThreadPool() override;
    void post(Task task) override;
    void post_long(Task task) override;
    void post_after(Duration delay, Task task) override;
    [[nodiscard]] std::size_t parallelism() const override;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

// Runs the tasks posted to it one at a time, in order, on an executor that must outlive it. The
// strand itself may be destroyed once no task of its is left to run.
class Strand {
  public:
    explicit Strand(Executor& executor) : state_(std::make_shared<State>(executor)) {}
    void post(Task task);

  private:
    struct State {
        explicit State(Executor& e) : executor(e) {}
        Executor& executor;
        base::Mutex mutex;
        std::deque<Task> tasks LOGI_GUARDED_BY(mutex);
        bool running LOGI_GUARDED_BY(mutex) = false;
    };
    static void run(const std::shared_ptr<State>& state);
    std::shared_ptr<State> state_;
};

// Posts `start` and blocks the calling thread until it calls its argument. Only for the edges of
// the program (main, tests, command line), never from a task.
void wait_for(Executor& executor, const std::function<void(Task done)>& start);

// Runs body(0..count-1) as tasks, then `done` as a task after the last. Bodies run concurrently.
void for_each_async(Executor& executor,
                    std::size_t count,
                    std::function<void(std::size_t)> body,
                    Task done);

}  // namespace logi::io
