#include "cluster/announcement.h"

#include "absl/strings/str_cat.h"
#include "base/log.h"

namespace logi::cluster {

struct Announcement::Life {
    Life(io::Executor& e, bucket::Bucket& b, Announced w)
        : executor(e), bucket(b), what(std::move(w)) {}

    io::Executor& executor;
    bucket::Bucket& bucket;
    const Announced what;
    base::Mutex mutex;  // held over the put, so that nothing comes after the end
    std::uint64_t beats LOGI_GUARDED_BY(mutex) = 0;
    bool ended LOGI_GUARDED_BY(mutex) = false;
};

Announcement::Announcement(io::Executor& executor, bucket::Bucket& bucket, Announced what)
    : life_(std::make_shared<Life>(executor, bucket, std::move(what))) {}

Announcement::~Announcement() {
    const base::MutexLock lock(life_->mutex);
    life_->ended = true;
}

void Announcement::start() {
    life_->executor.post([life = life_] { beat(life); });
}

void Announcement::beat(const std::shared_ptr<Life>& life) {
    {
        const base::MutexLock lock(life->mutex);
        if (life->ended) {
            return;
        }
        const Status status = life->bucket.put(
            life->what.key,
            absl::StrCat(
                "beat ", ++life->beats, life->what.facts.empty() ? "" : "\n", life->what.facts));
        if (!status.ok()) {
            base::log_warn(
                "this process could not tell that it lives",
                {{"object", life->what.key}, {"error", std::string(message_of(status))}});
        }
    }
    life->executor.post_after(life->what.beat, [life] {
        // A timer's task is short, and this asks the bucket.
        life->executor.post([life] { beat(life); });
    });
}

void Announcement::end() {
    const base::MutexLock lock(life_->mutex);
    life_->ended = true;
    if (const Status status = life_->bucket.put(life_->what.key, kEnded); !status.ok()) {
        base::log_warn("this process could not tell that it ends",
                       {{"object", life_->what.key}, {"error", std::string(message_of(status))}});
    }
}

}  // namespace logi::cluster
