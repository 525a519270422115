// One group at work: its rules are evaluated one after another, at one time.
#pragma once

#include "base/mutex.h"
#include "io/cancel.h"
#include "io/clock.h"
#include "io/executor.h"
#include "rule/alert.h"
#include "rule/group_state.h"
#include "rule/recording.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace logi::rule {

struct QueryRequest {
    std::string tenant;
    std::string expr;
    std::string only;  // a selector: no other streams are read; empty: all are
    Timestamp at;
    io::CancelToken cancel;
};
// Calls its argument once, from a task; an answer that lacks something is an error.
using Query = std::function<void(QueryRequest, std::function<void(StatusOr<Samples>)>)>;

// Where the results go. Thread-safe; take no time.
class Outlets {
  public:
    virtual ~Outlets() = default;
    // What is to be told of the alerts of a rule.
    virtual void send_alerts(const std::string& tenant,
                             const std::string& expr,
                             std::vector<Alert> alerts) = 0;
    // Whether somebody keeps the tenant's series.
    [[nodiscard]] virtual bool records(const std::string& tenant) const = 0;
    // kUnavailable, kResourceExhausted: they are lost.
    virtual Status record(const std::string& tenant, std::vector<RecordedSample> samples) = 0;
};

// The right to evaluate a group, until another process has it.
class Lease {
  public:
    virtual ~Lease() = default;
    [[nodiscard]] virtual bool holds() const = 0;
};

class GroupRun : public std::enable_shared_from_this<GroupRun> {
  public:
    // All must outlive what the executor still runs.
    struct Deps {
        const Query& query;
        Outlets& outlets;
        const TemplateData& templates;
        const io::Clock& clock;
        Duration resend_delay;
        bool rule_group_label = true;  // recorded series tell which group they are of
    };
    GroupRun(const Deps& deps, GroupKey key, Group group, Duration interval);

    // Alerts go on as they were then. Before the first evaluation.
    void restore(const GroupStatus& status);

    // The same of their series. Those that no rule gives any more end with the first evaluation.
    void take_series(const GroupRun& before);
    // All series end: the group is gone. After the last evaluation.
    void end_series(Timestamp at);

    // Evaluates all rules, each as long as the lease holds; then calls `done`. One at a time.
    void evaluate(Timestamp at,
                  std::shared_ptr<const Lease> lease,
                  io::CancelToken cancel,
                  io::Task done);

    [[nodiscard]] GroupStatus status() const;
    [[nodiscard]] const Group& group() const { return group_; }

    // Of rules.
    [[nodiscard]] std::uint64_t evaluations() const { return evaluations_; }
    [[nodiscard]] std::uint64_t failures() const { return failures_; }

  private:
    struct Pass {
        Timestamp at;
        std::shared_ptr<const Lease> lease;
        io::CancelToken cancel;
        io::Task done;
        Timestamp begin;
    };
    struct State {
        RuleStatus status;                 // without its alerts
        std::unique_ptr<AlertRule> alert;  // null: it records
        Status bad;                        // why it can never be evaluated
        SeriesOfRule series;
    };

    [[nodiscard]] static bool goes_on(const Pass& pass);
    void next(std::size_t index, const std::shared_ptr<Pass>& pass);
    void take(std::size_t index,
              const std::shared_ptr<Pass>& pass,
              Timestamp begin,
              const StatusOr<Samples>& samples);
    Status apply(std::size_t index, const Pass& pass, const StatusOr<Samples>& samples);
    Status send_and_record(const Rule& rule, Samples series, State& state, const Pass& pass);
    Status record(std::vector<RecordedSample> samples);
    void end(const std::shared_ptr<Pass>& pass);
    [[nodiscard]] std::set<Labels> ended_series() LOGI_REQUIRES(mutex_);
    void record_end(const std::set<Labels>& ended, Timestamp at);

    const Deps deps_;
    const GroupKey key_;
    const Group group_;
    const Duration interval_;
    std::atomic<std::uint64_t> evaluations_{0};
    std::atomic<std::uint64_t> failures_{0};

    mutable base::Mutex mutex_;
    std::vector<State> rules_ LOGI_GUARDED_BY(mutex_);
    // Series of rules that were changed or removed.
    std::set<Labels> orphans_ LOGI_GUARDED_BY(mutex_);
    std::optional<Timestamp> last_evaluation_ LOGI_GUARDED_BY(mutex_);
    Duration took_ LOGI_GUARDED_BY(mutex_);
};

}  // namespace logi::rule
