#include "io/executor.h"

#include <chrono>
#include <condition_variable>
#include <queue>
#include <thread>

namespace logi::io {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

struct Timer {
    SteadyTime due;
    std::uint64_t order;  // equal times run in the order they were set
    Task task;
};

struct LaterFirst {
    bool operator()(const Timer& a, const Timer& b) const {
        return std::tie(a.due, a.order) > std::tie(b.due, b.order);
    }
};

}  // namespace

struct ThreadPool::Impl {
    // Tasks and the threads that run them.
    struct Lane {
        std::condition_variable wake;
        std::deque<Task> ready;
        std::vector<std::thread> threads;
    };

    std::mutex mutex;
    Lane prompt;
    Lane reading;
    std::size_t unfinished = 0;  // tasks of both lanes that wait or run
    std::condition_variable wake_timer;
    std::priority_queue<Timer, std::vector<Timer>, LaterFirst> timers;
    std::uint64_t timers_set = 0;
    bool stopping = false;
    std::thread timer;

    void post(Lane& lane, Task task) {
        {
            const std::lock_guard<std::mutex> lock(mutex);
            lane.ready.push_back(std::move(task));
            ++unfinished;
        }
        lane.wake.notify_one();
    }

    void run_worker(Lane& lane) {
        std::unique_lock<std::mutex> lock(mutex);
        while (true) {
            if (!lane.ready.empty()) {
                Task task = std::move(lane.ready.front());
                lane.ready.pop_front();
                lock.unlock();
                task();
                task = nullptr;  // what it holds is released outside the lock
                lock.lock();
                --unfinished;
            } else if (stopping && unfinished == 0) {  // a task that runs may post to either lane
                prompt.wake.notify_all();
                reading.wake.notify_all();
                return;
            } else {
                lane.wake.wait(lock);
            }
        }
    }

    void stop() {
        {
            const std::lock_guard<std::mutex> lock(mutex);
            stopping = true;
            timers = {};
        }
        wake_timer.notify_all();
        timer.join();  // its task may still post
        for (Lane* lane : {&prompt, &reading}) {
            lane->wake.notify_all();
        }
        for (Lane* lane : {&prompt, &reading}) {
            for (auto& thread : lane->threads) {
                thread.join();
            }
        }
    }

    void run_timers() {
        std::unique_lock<std::mutex> lock(mutex);
        while (!stopping) {
            if (timers.empty()) {
                wake_timer.wait(lock);
                continue;
            }
            const SteadyTime due = timers.top().due;
            if (due > std::chrono::steady_clock::now()) {
                wake_timer.wait_until(lock, due);
                continue;
            }
            Task task = timers.top().task;
            timers.pop();
            lock.unlock();
            task();
            task = nullptr;
            lock.lock();
        }
    }
};

ThreadPool::ThreadPool(std::size_t threads) : impl_(std::make_unique<Impl>()) {
    for (Impl::Lane* lane : {&impl_->prompt, &impl_->reading}) {
        for (std::size_t i = 0; i < std::max<std::size_t>(threads, 1); ++i) {
            lane->threads.emplace_back([this, lane] { impl_->run_worker(*lane); });
        }
    }
    impl_->timer = std::thread([this] { impl_->run_timers(); });
}

ThreadPool::~ThreadPool() {
    impl_->stop();
}

void ThreadPool::post(Task task) {
    impl_->post(impl_->prompt, std::move(task));
}

void ThreadPool::post_long(Task task) {
    impl_->post(impl_->reading, std::move(task));
}

void ThreadPool::post_after(Duration delay, Task task) {
    {
        const std::lock_guard<std::mutex> lock(impl_->mutex);
        if (impl_->stopping) {
            return;
        }
        impl_->timers.push({std::chrono::steady_clock::now() + std::chrono::nanoseconds(delay.ns),
                            impl_->timers_set++,
                            std::move(task)});
    }
    impl_->wake_timer.notify_one();
}

std::size_t ThreadPool::parallelism() const {
    return impl_->reading.threads.size();
}

void Strand::post(Task task) {
    {
        const base::MutexLock lock(state_->mutex);
        state_->tasks.push_back(std::move(task));
        if (state_->running) {
            return;
        }
        state_->running = true;
    }
    state_->executor.post([state = state_] { run(state); });
}

void Strand::run(const std::shared_ptr<State>& state) {
    Task task;
    {
        const base::MutexLock lock(state->mutex);
        task = std::move(state->tasks.front());
        state->tasks.pop_front();
    }
    task();
    task = nullptr;
    {
        const base::MutexLock lock(state->mutex);
        if (state->tasks.empty()) {
            state->running = false;
            return;
        }
    }
    state->executor.post([state] { run(state); });
}

void wait_for(Executor& executor, const std::function<void(Task done)>& start) {
    struct Gate {
        std::mutex mutex;
        std::condition_variable wake;
        std::condition_variable wake_timer;
        bool open = false;
    };
    const auto gate = std::make_shared<Gate>();
    executor.post([gate, start] {
        start([gate] {
            const std::lock_guard<std::mutex> lock(gate->mutex);
            gate->open = true;
            gate->wake.notify_all();
        });
    });
    std::unique_lock<std::mutex> lock(gate->mutex);
    gate->wake.wait(lock, [&] { return gate->open; });
}

void for_each_async(Executor& executor,
                    std::size_t count,
                    std::function<void(std::size_t)> body,
                    Task done) {
    if (count == 0) {
        executor.post(std::move(done));
        return;
    }
    struct Shared {
        std::function<void(std::size_t)> body;
        Task done;
        std::atomic<std::size_t> left;
    };
    const auto shared = std::make_shared<Shared>();
    shared->body = std::move(body);
    shared->done = std::move(done);
    shared->left = count;
    for (std::size_t i = 0; i < count; ++i) {
        executor.post([shared, i, &executor] {
            shared->body(i);
            if (shared->left.fetch_sub(1) == 1) {
                executor.post(std::move(shared->done));
            }
        });
    }
}

}  // namespace logi::io
