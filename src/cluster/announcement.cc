#include "cluster/announcement.h"

#include "absl/strings/str_cat.h"
#include "base/log.h"

namespace logi::cluster {

struct Announcement::Life {
    Life(io::Executor& e, bucket::Bucket& b, std::string k)
        : executor(e), bucket(b), key(std::move(k)) {}

    io::Executor& executor;
    bucket::Bucket& bucket;
    const std::string key;
    base::Mutex mutex;  // held over the put, so that nothing comes after the end
    std::uint64_t beats LOGI_GUARDED_BY(mutex) = 0;
    bool ended LOGI_GUARDED_BY(mutex) = false;
};

Announcement::Announcement(io::Executor& executor, bucket::Bucket& bucket, std::string writer)
    : life_(std::make_shared<Life>(
          executor, bucket, absl::StrCat(kWritersFolder, "/", std::move(writer)))) {}

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
        const Status status = life->bucket.put(life->key, absl::StrCat("beat ", ++life->beats));
        if (!status.ok()) {
            base::log_warn("this writer could not tell that it lives",
                           {{"error", std::string(message_of(status))}});
        }
    }
    life->executor.post_after(kBeat, [life] {
        // A timer's task is short, and this asks the bucket.
        life->executor.post([life] { beat(life); });
    });
}

void Announcement::end() {
    const base::MutexLock lock(life_->mutex);
    life_->ended = true;
    if (const Status status = life_->bucket.put(life_->key, kEnded); !status.ok()) {
        base::log_warn("this writer could not tell that it ends",
                       {{"error", std::string(message_of(status))}});
    }
}

}  // namespace logi::cluster
