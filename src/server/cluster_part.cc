#include "server/cluster_part.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/log.h"
#include "bucket/claimed_bucket.h"

#include <mutex>
#include <utility>

namespace logi::server {
namespace {

// Nobody waits for it, so it may take any time.
constexpr Duration kClaimWaitMax = Duration::hours(24 * 365 * 10);

}  // namespace

// Held as long as this process compacts.
struct ClusterPart::Claim {
    base::Mutex mutex;
    std::unique_ptr<bucket::Bucket> bucket LOGI_GUARDED_BY(mutex);
    bool stopped LOGI_GUARDED_BY(mutex) = false;
};

ClusterPart::ClusterPart(const Deps& deps,
                         const config::Config& config,
                         const Roles& roles,
                         const std::string& writer,
                         std::function<void()> on_lost)
    : deps_(deps),
      config_(config),
      roles_(roles),
      on_lost_(std::move(on_lost)),
      claim_(std::make_shared<Claim>()) {
    if (roles_.write) {
        announcement_ = std::make_unique<cluster::Announcement>(
            deps_.bucket.executor,
            deps_.store.bucket(),
            cluster::Announced{absl::StrCat(cluster::kWritersFolder, "/", writer), ""});
    }
    if (roles_.compact) {
        cluster::HousekeepingOptions options;
        options.name = shown_process();
        options.interval = config.compaction_interval;
        options.compact = [&compactor = deps_.compactor](io::Task done) {
            compactor.run(std::move(done));
        };
        housekeeping_ = std::make_shared<cluster::Housekeeping>(
            deps_.store, deps_.bucket.executor, deps_.bucket.metrics, options);
    }
}

ClusterPart::~ClusterPart() = default;

Status ClusterPart::start() {
    LOGI_RETURN_IF_ERROR(deps_.peers.start());
    if (announcement_ != nullptr) {
        announcement_->start();
    }
    if (housekeeping_ == nullptr) {
        return absl::OkStatus();
    }
    bucket::ClaimOptions options;
    // Another start of the same process is another process: containers may look alike.
    options.owner = absl::StrFormat("%016x", deps_.bucket.random.next_u64());
    options.shown = shown_process();
    options.folder = "compactors";
    options.wait_max = kClaimWaitMax;
    options.on_lost = on_lost_;
    LOGI_ASSIGN_OR_RETURN(auto bucket, open_unclaimed_s3(deps_.bucket, config_));
    bucket::ClaimedBucket::open({deps_.bucket.executor, deps_.bucket.clock, deps_.bucket.random},
                                std::move(bucket),
                                std::move(options),
                                [claim = claim_, housekeeping = housekeeping_, on_lost = on_lost_](
                                    StatusOr<std::unique_ptr<bucket::Bucket>> claimed) {
                                    if (!claimed.ok()) {
                                        base::log_error(
                                            "this process cannot claim compaction",
                                            {{"error", std::string(message_of(claimed.status()))}});
                                        on_lost();
                                        return;
                                    }
                                    const base::MutexLock lock(claim->mutex);
                                    if (!claim->stopped) {
                                        claim->bucket = *std::move(claimed);
                                        base::log_info("this process compacts");
                                        housekeeping->start();
                                    }
                                });
    return absl::OkStatus();
}

void ClusterPart::stop(io::Task done) {
    {
        const base::MutexLock lock(claim_->mutex);
        claim_->stopped = true;
    }
    if (housekeeping_ == nullptr) {
        done();
        return;
    }
    housekeeping_->stop(std::move(done));
}

void ClusterPart::end() {
    std::unique_ptr<bucket::Bucket> claimed;
    {
        const base::MutexLock lock(claim_->mutex);
        claimed = std::move(claim_->bucket);  // which gives it back
    }
    if (announcement_ != nullptr) {
        announcement_->end();
    }
}

}  // namespace logi::server
