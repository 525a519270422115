// What a process does, beside pushes and queries, that shares its bucket with others: it tells that
// it lives, calls others and is called, and, if it compacts, has the claim to that, waits for it,
// and works as long as it has it.
#pragma once

#include "cluster/announcement.h"
#include "cluster/housekeeping.h"
#include "compact/compactor.h"
#include "config/config.h"
#include "ingest/store.h"
#include "server/open_bucket.h"
#include "server/peers.h"
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
        Peers& peers;
    };
    // `on_lost`: another process has the claim; called at most once, from a task.
    ClusterPart(const Deps& deps,
                const config::Config& config,
                const Roles& roles,
                const std::string& writer,
                std::function<void()> on_lost);
    ~ClusterPart();

    // kUnavailable: the bucket, or the address for calls. Not from a task.
    Status start();
    // The first step of an end: nothing is to be sent here any more. Asks the bucket, so from a
    // task.
    void leave() { deps_.peers.leave(); }
    // Calls under way have so long. Not from a task.
    void end_calls(Duration deadline) { deps_.peers.shutdown(deadline); }
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
