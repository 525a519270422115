#include "exec/run_items.h"

#include "base/log.h"
#include "base/mutex.h"

#include <atomic>

namespace logi::exec {
namespace {

struct Shared {
    std::function<Status(std::size_t)> body;
    std::function<void(Status)> done;
    io::CancelToken cancel;
    std::size_t count = 0;
    std::atomic<std::size_t> next{0};
    base::Mutex mutex;
    Status status LOGI_GUARDED_BY(mutex);

    bool failed() {
        const base::MutexLock lock(mutex);
        return !status.ok();
    }
    void fail(const Status& error) {
        const base::MutexLock lock(mutex);
        if (status.ok()) {
            status = error;
        }
    }
    // One item per task, so that queries take turns.
    void step(io::Executor& executor, const std::shared_ptr<Shared>& self, io::Task finished) {
        const std::size_t i = next.fetch_add(1);
        if (i >= count || failed()) {
            finished();
            return;
        }
        if (const Status s = cancel.check(); !s.ok()) {
            fail(s);
            finished();
            return;
        }
        if (const Status s = body(i); !s.ok()) {
            fail(s);
        }
        executor.post_long([self, &executor, finished] { self->step(executor, self, finished); });
    }
};

}  // namespace

Status Damage::note(const Status& status) {
    if (status.code() != absl::StatusCode::kDataLoss) {
        return status;
    }
    base::log_error("a damaged block is left out of an answer",
                    {{"error", std::string(status.message())}});
    const base::MutexLock lock(mutex_);
    list_.emplace_back(status.message());
    return absl::OkStatus();
}

std::vector<std::string> Damage::list() const {
    const base::MutexLock lock(mutex_);
    return list_;
}

void run_items(io::Executor& executor,
               std::size_t count,
               io::CancelToken cancel,
               std::function<Status(std::size_t)> body,
               std::function<void(Status)> done) {
    const auto shared = std::make_shared<Shared>();
    shared->body = std::move(body);
    shared->done = std::move(done);
    shared->cancel = cancel;
    shared->count = count;
    const std::size_t workers = std::max<std::size_t>(1, std::min(count, executor.parallelism()));
    const auto left = std::make_shared<std::atomic<std::size_t>>(workers);
    const io::Task finished = [shared, left] {
        if (left->fetch_sub(1) == 1) {
            Status status;
            {
                const base::MutexLock lock(shared->mutex);
                status = shared->status;
            }
            shared->done(status);
        }
    };
    for (std::size_t i = 0; i < workers; ++i) {
        executor.post_long(
            [shared, &executor, finished] { shared->step(executor, shared, finished); });
    }
}

}  // namespace logi::exec
