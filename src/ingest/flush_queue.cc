#include "ingest/flush_queue.h"

#include "base/log.h"

namespace logi::ingest {
namespace {

constexpr Duration kRetry = Duration::seconds(1);
// A full disk fails every tenant; so many say so each time.
constexpr std::size_t kFailuresLogged = 10;

}  // namespace

FlushQueue::~FlushQueue() {
    stop();
    const std::lock_guard wait(life_->running);
}

std::size_t FlushQueue::size() const {
    const base::MutexLock lock(mutex_);
    return unwritten_.size();
}

void FlushQueue::add(Job job) {
    const base::MutexLock lock(mutex_);
    unwritten_.insert(++last_number_);
    jobs_.push_back({last_number_, std::move(job)});
    start();
}

void FlushQueue::start() {
    if (!running_ && !jobs_.empty()) {
        running_ = true;
        run_next_later();
    }
}

void FlushQueue::post_after(Duration delay, io::Task task) {
    executor_.post_after(delay, [task = std::move(task), life = life_, strand = strand_]() mutable {
        strand.post([task, life] { life->run_unless_stopped(task); });
    });
}

// Whoever was told that a job is written may have stopped the queue, to destroy it next.
void FlushQueue::run_next_later() {
    strand_.post([this, life = life_] { life->run_unless_stopped([this] { run_next(); }); });
}

void FlushQueue::wait(std::function<void(Status)> done) {
    {
        const base::MutexLock lock(mutex_);
        if (!unwritten_.empty()) {
            waiting_.emplace_back(last_number_, std::move(done));
            return;
        }
    }
    done(absl::OkStatus());
}

void FlushQueue::run_next() {
    Numbered next;
    {
        const base::MutexLock lock(mutex_);
        if (jobs_.empty()) {
            running_ = false;
            return;
        }
        next = std::move(jobs_.front());
        jobs_.pop_front();
    }
    Status status = absl::UnavailableError("an earlier generation of the tenant failed");
    if (!failed_tenants_.contains(next.job.tenant.get())) {
        status = flush_(next.job);
    }
    if (status.ok()) {
        {
            const base::MutexLock lock(mutex_);
            unwritten_.erase(next.number);
        }
        tell_waiting(status);
    } else {
        set_aside(std::move(next), status);
    }
    run_next_later();
}

void FlushQueue::set_aside(Numbered next, const Status& status) {
    if (failed_tenants_.insert(next.job.tenant.get()).second) {
        if (failed_tenants_.size() <= kFailuresLogged) {
            base::log_error(
                "cannot write a segment; the entries stay in memory and journal",
                {{"tenant", next.job.tenant->name()}, {"error", std::string(status.message())}});
        }
        tell_waiting(status);
    }
    if (aside_.empty()) {
        post_after(kRetry, [this] { try_again(); });
    }
    aside_.push_back(std::move(next));
}

void FlushQueue::try_again() {
    failed_tenants_.clear();
    const base::MutexLock lock(mutex_);
    // Before those that were added meanwhile, so that a tenant's jobs stay in their order.
    jobs_.insert(jobs_.begin(),
                 std::make_move_iterator(aside_.begin()),
                 std::make_move_iterator(aside_.end()));
    aside_.clear();
    start();
}

void FlushQueue::tell_waiting(const Status& status) {
    std::vector<std::function<void(Status)>> ready;
    {
        const base::MutexLock lock(mutex_);
        std::erase_if(waiting_, [&](auto& waiter) LOGI_REQUIRES(mutex_) {
            if (status.ok() && !unwritten_.empty() && *unwritten_.begin() <= waiter.first) {
                return false;
            }
            ready.push_back(std::move(waiter.second));
            return true;
        });
    }
    for (const auto& done : ready) {
        done(status);
    }
}

}  // namespace logi::ingest
