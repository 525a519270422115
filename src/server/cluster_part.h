// What a process does, beside pushes and queries, that shares its bucket with others: it tells that
// it lives, and, if it compacts, has the claim to that, waits for it, and works as long as it has
// it.
#pragma once

#include "cluster/announcement.h"
#include "cluster/housekeeping.h"
#include "compact/compactor.h"
#include "config/config.h"
#include "ingest/store.h"
#include "server/open_bucket.h"
#include "server/roles.h"

#include <functional>
#include <memory>
#include <string>

namespace logi::server {

class ClusterPart {
  public:
    // All must outlive what the executor still runs.
    struct Deps {
        BucketDeps bucket;
        ingest::Store& store;
        compact::Compactor& compactor;
    };
    // `on_lost`: another process has the claim; called at most once, from a task.
    ClusterPart(const Deps& deps,
                const config::Config& config,
                const Roles& roles,
                std::string writer,
                std::function<void()> on_lost);
    ~ClusterPart();

    // kUnavailable: the bucket. Not from a task.
    Status start();
    // Housekeeping ends; `done` when nothing of it is under way.
    void stop(io::Task done);
    // Everything that was acknowledged is in segments. Asks the bucket, so from a task.
    void end();

  private:
    struct Claim;
    Deps deps_;
    const config::Config& config_;
    const Roles roles_;
    const std::function<void()> on_lost_;
    std::unique_ptr<cluster::Announcement> announcement_;
    std::shared_ptr<cluster::Housekeeping> housekeeping_;
    std::shared_ptr<Claim> claim_;
};

}  // namespace logi::server
