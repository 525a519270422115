// Generations on their way into segments, one at a time. What cannot be written is tried again
// later and holds up nobody else.
#pragma once

#include "absl/container/flat_hash_set.h"
#include "base/mutex.h"
#include "ingest/tenant.h"
#include "io/executor.h"

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

namespace logi::ingest {

// Thread-safe. To destroy it waits for the job that is being written, if that is on another thread;
// tasks of its that are still in the executor do nothing then.
class FlushQueue {
  public:
    struct Job {
        std::shared_ptr<Tenant> tenant;
        std::shared_ptr<head::Generation> generation;
        const char* reason = "forced";  // as the metric of flushes has it
    };
    // Writes a job; called one at a time, on the executor.
    using FlushFn = std::function<Status(const Job&)>;

    FlushQueue(io::Executor& executor, FlushFn flush)
        : executor_(executor), flush_(std::move(flush)), strand_(executor) {}
    ~FlushQueue();
    FlushQueue(const FlushQueue&) = delete;
    FlushQueue& operator=(const FlushQueue&) = delete;

    // Jobs that are not written yet.
    [[nodiscard]] std::size_t size() const;
    // A tenant's jobs are written in the order in which they are added.
    void add(Job job);
    // `done` when all jobs added before are written, or with the error when one fails.
    void wait(std::function<void(Status)> done);
    // Runs `task` between jobs.
    void post(io::Task task) { strand_.post(std::move(task)); }
    // The same once `delay` has passed, unless the queue is stopped by then.
    void post_after(Duration delay, io::Task task);
    // Nothing more is written. A task that is posted after this runs when the queue's own work has
    // ended, so that it may let the queue be destroyed.
    void stop() { life_->stopped.store(true); }

  private:
    struct Numbered {
        std::uint64_t number = 0;
        Job job;
    };
    // Of the queue, which its tasks may outlive.
    struct Life {
        std::atomic<bool> stopped{false};
        // Held by what runs; recursive, as what runs may destroy the queue.
        std::recursive_mutex running;

        void run_unless_stopped(const io::Task& task) {
            const std::lock_guard lock(running);
            if (!stopped.load()) {
                task();
            }
        }
    };
    void start() LOGI_REQUIRES(mutex_);
    void run_next_later();
    void run_next();
    void set_aside(Numbered next, const Status& status);
    void try_again();
    void tell_waiting(const Status& status);

    io::Executor& executor_;
    const FlushFn flush_;
    io::Strand strand_;
    const std::shared_ptr<Life> life_ = std::make_shared<Life>();

    // Touched on the strand only: jobs that failed, or whose tenant's earlier job did, in their
    // order; they are tried again together.
    std::vector<Numbered> aside_;
    absl::flat_hash_set<const Tenant*> failed_tenants_;

    mutable base::Mutex mutex_;
    std::deque<Numbered> jobs_ LOGI_GUARDED_BY(mutex_);
    bool running_ LOGI_GUARDED_BY(mutex_) = false;
    std::uint64_t last_number_ LOGI_GUARDED_BY(mutex_) = 0;
    std::set<std::uint64_t> unwritten_ LOGI_GUARDED_BY(mutex_);
    // With the number of the last job that each waits for.
    std::vector<std::pair<std::uint64_t, std::function<void(Status)>>> waiting_
        LOGI_GUARDED_BY(mutex_);
};

}  // namespace logi::ingest
