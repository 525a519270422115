// Rules in a server: where they are kept, who evaluates them, and where the results go.
#pragma once

#include "base/metrics.h"
#include "bucket/bucket.h"
#include "config/config.h"
#include "ingest/store.h"
#include "io/clock.h"
#include "io/executor.h"
#include "io/file_system.h"
#include "io/random.h"
#include "rule/cluster_shares.h"
#include "rule/delivery.h"
#include "rule/rule_store.h"
#include "rule/ruler.h"
#include "rule/store_query.h"

#include <memory>

namespace logi::server {

class RulePart {
  public:
    // All must outlive what the executor still runs.
    struct Deps {
        ingest::Store& store;
        io::Executor& executor;
        const io::Clock& clock;
        io::Random& random;
        io::FileSystem& files;
        base::Registry& metrics;
        bool shared = false;    // others evaluate groups, too
        bool evaluates = true;  // else it only tells of rules, and changes them
    };
    // kUnavailable: the folder of recorded samples.
    static StatusOr<std::unique_ptr<RulePart>> open(const Deps& deps, const config::Config& config);
    // Only when the executor runs no more tasks.
    ~RulePart();

    void start();
    // `done`, on a task, when nothing is evaluated any more.
    void stop(io::Task done);

    [[nodiscard]] rule::RuleStore& rules() { return *rules_; }
    [[nodiscard]] rule::Ruler& ruler() { return *ruler_; }

  private:
    RulePart(const Deps& deps, const config::Config& config);

    const Deps deps_;
    const std::unique_ptr<rule::RuleStore> rules_;
    rule::StoreQuery query_;
    std::unique_ptr<rule::ClusterShares> shares_;  // null if nobody else evaluates groups
    std::unique_ptr<bucket::Bucket> queues_;       // null if nothing is recorded
    std::unique_ptr<rule::Delivery> delivery_;
    std::unique_ptr<rule::Ruler> ruler_;
    // The last, so that its tasks are over before what they use goes.
    const std::unique_ptr<io::ThreadPool> outgoing_;
};

}  // namespace logi::server
