// Evaluates the groups of all tenants, each at its times.
#pragma once

#include "base/metrics.h"
#include "base/mutex.h"
#include "bucket/bucket.h"
#include "io/cancel.h"
#include "io/clock.h"
#include "io/executor.h"
#include "rule/group_run.h"
#include "rule/rule_store.h"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace logi::rule {

struct RulerOptions {
    Duration evaluation_interval = Duration::minutes(1);  // of groups that name none
    Duration poll_interval = Duration::minutes(1);        // between looks at what rules there are
    Duration resend_delay = Duration::minutes(1);         // of alerts
    // Alerts of a group that nobody has evaluated for longer begin anew.
    Duration outage_tolerance = Duration::hours(1);
    bool rule_group_label = true;
    TemplateData templates;
    std::set<std::string> enabled_tenants;  // empty: all
    std::set<std::string> disabled_tenants;
};

// Who evaluates what, where several processes do.
class Shares {
  public:
    virtual ~Shares() = default;
    // Null: another process does. Held while the group is being evaluated.
    virtual std::shared_ptr<const Lease> enter(const GroupKey& key) = 0;
};

// Thread-safe. Everything runs as tasks on the executor.
class Ruler {
  public:
    // All must outlive what the executor still runs.
    struct Deps {
        RuleStore& store;
        bucket::Bucket& bucket;  // where states are kept
        Query query;
        Outlets& outlets;
        io::Executor& executor;
        const io::Clock& clock;
        base::Registry& metrics;
        Shares* shares = nullptr;  // null: every group is this process's
    };
    // At once so many groups are evaluated; others wait.
    static constexpr std::size_t kEvaluationsMax = 8;
    // However short a group wants it.
    static constexpr Duration kIntervalMin = Duration::seconds(1);
    // States are written anew so often while there are alerts, so that who takes a group over
    // knows how long nobody has evaluated it.
    static constexpr Duration kStateAgeMax = Duration::minutes(5);

    Ruler(Deps deps, RulerOptions options);
    // Only after stop(), or when the executor runs no more tasks.
    ~Ruler();
    Ruler(const Ruler&) = delete;
    Ruler& operator=(const Ruler&) = delete;

    void start();
    // Nothing more is evaluated; `done` when nothing is under way.
    void stop(io::Task done);

    // Rules of the tenant have changed.
    void refresh();

    // How the groups are for which `wanted` says so, sorted. What another process evaluates is as
    // that has told last. Asks the bucket, so from a task.
    using Wanted = std::function<bool(const std::string& name_space, const Group& group)>;
    StatusOr<std::vector<GroupStatus>> list(const std::string& tenant, const Wanted& wanted);

  private:
    struct Entry;
    using EntryPtr = std::shared_ptr<Entry>;

    void poll();
    void poll_later();
    void take(const RuleSets& sets);
    [[nodiscard]] bool is_wanted(const std::string& tenant) const;
    [[nodiscard]] Duration interval_of(const Group& group) const;
    void schedule(const EntryPtr& entry) LOGI_REQUIRES(mutex_);
    void due(const EntryPtr& entry, std::uint64_t turn, Timestamp at);
    void begin(const EntryPtr& entry, Timestamp at);
    // Null: the state cannot be read now.
    std::shared_ptr<GroupRun> run_of(const EntryPtr& entry);
    void evaluated(const EntryPtr& entry, Timestamp at, bool owned);
    void save(Entry& entry, const GroupRun& run, Timestamp at);
    void forget(const Entry& entry);
    Status load_state(GroupStatus& status) const;
    void enter_slot(io::Task task);
    void leave_slot();
    void collect(base::Scrape& scrape) const;

    const Deps deps_;
    const RulerOptions options_;
    const io::CancelToken cancel_;
    io::Strand polls_;
    mutable base::Mutex mutex_;
    std::map<GroupKey, EntryPtr> entries_ LOGI_GUARDED_BY(mutex_);
    std::deque<io::Task> waiting_ LOGI_GUARDED_BY(mutex_);  // for a slot
    std::size_t working_ LOGI_GUARDED_BY(mutex_) = 0;       // slots that are taken
    bool stopping_ LOGI_GUARDED_BY(mutex_) = false;
    io::Task stopped_ LOGI_GUARDED_BY(mutex_);
    std::shared_ptr<const void> metrics_;
};

}  // namespace logi::rule
