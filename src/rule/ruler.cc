#include "rule/ruler.h"

#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "fields/conversions.h"
#include "rule/schedule.h"

#include <algorithm>
#include <utility>

namespace logi::rule {
namespace {

class OwnLease final : public Lease {
  public:
    [[nodiscard]] bool holds() const override { return true; }
};

}  // namespace

struct Ruler::Entry {
    explicit Entry(GroupKey k) : key(std::move(k)) {}

    const GroupKey key;
    // Guarded by the ruler's mutex.
    Group group;
    std::uint64_t turn = 0;  // a timer of an older one does nothing
    bool busy = false;       // is being evaluated, or waits for that
    bool removed = false;
    Timestamp last;                 // for which it was due
    std::shared_ptr<GroupRun> run;  // null: another process's, or not evaluated yet
    std::uint64_t iterations = 0;
    std::uint64_t missed = 0;
    // Of who evaluates it.
    std::uint64_t saved_digest = 0;
    Timestamp saved_at;
};

Ruler::Ruler(Deps deps, RulerOptions options)
    : deps_(std::move(deps)),
      options_(std::move(options)),
      polls_(deps_.executor),
      metrics_(deps_.metrics.on_render([this](base::Scrape& scrape) { collect(scrape); })) {}

Ruler::~Ruler() = default;

void Ruler::start() {
    polls_.post([this] {
        poll();
        poll_later();
    });
}

void Ruler::poll_later() {
    deps_.executor.post_after(options_.poll_interval, [this] { start(); });
}

void Ruler::refresh() {
    polls_.post([this] { poll(); });
}

void Ruler::stop(io::Task done) {
    cancel_.cancel(io::CancelToken::Cause::kStopping);
    {
        const base::MutexLock lock(mutex_);
        stopping_ = true;
        if (working_ > 0) {
            stopped_ = std::move(done);
            return;
        }
    }
    done();
}

void Ruler::poll() {
    {
        const base::MutexLock lock(mutex_);
        if (stopping_) {
            return;
        }
    }
    const auto sets = deps_.store.load_all();
    if (!sets.ok()) {
        base::log_error("rules cannot be read; those that are known go on",
                        {{"error", std::string(sets.status().message())}});
        return;
    }
    take(*sets);
}

bool Ruler::is_wanted(const std::string& tenant) const {
    return (options_.enabled_tenants.empty() || options_.enabled_tenants.contains(tenant)) &&
           !options_.disabled_tenants.contains(tenant);
}

Duration Ruler::interval_of(const Group& group) const {
    return std::max(group.interval.ns > 0 ? group.interval : options_.evaluation_interval,
                    kIntervalMin);
}

void Ruler::take(const RuleSets& sets) {
    const base::MutexLock lock(mutex_);
    std::set<GroupKey> there;
    for (const auto& [tenant, set] : sets) {
        if (!is_wanted(tenant)) {
            continue;
        }
        for (const auto& [name_space, groups] : set->namespaces) {
            for (const auto& [name, group] : groups) {
                const GroupKey key{tenant, name_space, name};
                there.insert(key);
                EntryPtr& entry = entries_[key];
                const bool is_new = entry == nullptr;
                if (is_new) {
                    entry = std::make_shared<Entry>(key);
                    entry->last = deps_.clock.now();
                } else if (entry->group == group) {
                    continue;
                }
                entry->group = group;
                if (!entry->busy) {
                    schedule(entry);
                }
            }
        }
    }
    std::erase_if(entries_, [&](const auto& item) {
        const EntryPtr& entry = item.second;
        entry->removed = !there.contains(item.first);
        if (entry->removed && !entry->busy && entry->run != nullptr) {
            deps_.executor.post([this, entry] { forget(*entry); });
        }
        return entry->removed;
    });
}

void Ruler::schedule(const EntryPtr& entry) {
    const Duration interval = interval_of(entry->group);
    const Timestamp now = deps_.clock.now();
    // Of a clock that was set back the time before says nothing.
    const Timestamp after = entry->last > now + interval ? now : std::max(now, entry->last);
    const Timestamp at = next_time(entry->key, interval, after);
    deps_.executor.post_after(at - now, [this, entry, at, turn = ++entry->turn] {
        deps_.executor.post([this, entry, at, turn] { due(entry, turn, at); });
    });
}

void Ruler::due(const EntryPtr& entry, std::uint64_t turn, Timestamp at) {
    {
        const base::MutexLock lock(mutex_);
        if (stopping_ || entry->removed || entry->busy || entry->turn != turn) {
            return;
        }
        entry->busy = true;
    }
    enter_slot([this, entry, at] { begin(entry, at); });
}

void Ruler::enter_slot(io::Task task) {
    {
        const base::MutexLock lock(mutex_);
        if (working_ >= kEvaluationsMax) {
            waiting_.push_back(std::move(task));
            return;
        }
        ++working_;
    }
    task();
}

void Ruler::leave_slot() {
    io::Task next;
    io::Task stopped;
    {
        const base::MutexLock lock(mutex_);
        if (!stopping_ && !waiting_.empty()) {
            next = std::move(waiting_.front());
            waiting_.pop_front();
        } else if (--working_ == 0) {
            stopped = std::exchange(stopped_, nullptr);
        }
    }
    if (next) {
        deps_.executor.post(std::move(next));
    }
    if (stopped) {
        stopped();
    }
}

void Ruler::begin(const EntryPtr& entry, Timestamp at) {
    std::shared_ptr<const Lease> lease =
        deps_.shares == nullptr ? std::make_shared<OwnLease>() : deps_.shares->enter(entry->key);
    const auto run = lease == nullptr ? nullptr : run_of(entry);
    if (run == nullptr) {
        evaluated(entry, at, lease != nullptr);
        return;
    }
    run->evaluate(at, lease, cancel_.child(), [this, entry, run, at, lease]() mutable {
        const bool holds = lease->holds();
        if (holds) {
            save(*entry, *run, at);
        }
        lease.reset();
        // Without the lease another process may know more of the alerts by now.
        evaluated(entry, at, holds);
    });
}

std::shared_ptr<GroupRun> Ruler::run_of(const EntryPtr& entry) {
    Group group;
    std::shared_ptr<GroupRun> before;
    {
        const base::MutexLock lock(mutex_);
        group = entry->group;
        before = entry->run;
    }
    if (before != nullptr && before->group() == group) {
        return before;
    }
    auto run = std::make_shared<GroupRun>(GroupRun::Deps{deps_.query,
                                                         deps_.outlets,
                                                         options_.templates,
                                                         deps_.clock,
                                                         options_.resend_delay,
                                                         options_.rule_group_label},
                                          entry->key,
                                          group,
                                          interval_of(group));
    GroupStatus status = run->status();
    if (before != nullptr) {
        // Its rules may have changed: those that are the same go on.
        if (const Status s = decode_state(encode_state(before->status()), status); !s.ok()) {
            base::log_error("alerts begin anew", {{"error", std::string(s.message())}});
        }
        run->take_series(*before);
    } else if (const Status s = load_state(status); !s.ok()) {
        base::log_error("a group of rules waits until its state can be read",
                        {{"tenant", entry->key.tenant},
                         {"namespace", entry->key.name_space},
                         {"group", entry->key.group},
                         {"error", std::string(s.message())}});
        return nullptr;
    }
    run->restore(status);
    const base::MutexLock lock(mutex_);
    entry->run = run;
    return run;
}

Status Ruler::load_state(GroupStatus& status) const {
    const auto object = deps_.bucket.get(state_key(status.key));
    if (absl::IsNotFound(object.status())) {
        return absl::OkStatus();
    }
    LOGI_RETURN_IF_ERROR(object.status());
    GroupStatus saved = status;
    if (const Status s = decode_state(*object, saved); !s.ok()) {
        // It would be damaged the next time, too.
        base::log_error("alerts begin anew", {{"error", std::string(s.message())}});
        return absl::OkStatus();
    }
    if (deps_.clock.now() - saved.last_evaluation.value_or(Timestamp{}) >
        options_.outage_tolerance) {
        for (RuleStatus& rule : saved.rules) {
            rule.alerts.clear();
        }
    }
    status = std::move(saved);
    return absl::OkStatus();
}

void Ruler::save(Entry& entry, const GroupRun& run, Timestamp at) {
    const GroupStatus status = run.status();
    const std::uint64_t digest = digest_of(status);
    const bool has_alerts =
        std::any_of(status.rules.begin(), status.rules.end(), [](const RuleStatus& rule) {
            return !rule.alerts.empty();
        });
    const Duration age_max = std::min(kStateAgeMax, Duration{options_.outage_tolerance.ns / 4});
    if (digest == entry.saved_digest && (!has_alerts || at - entry.saved_at < age_max)) {
        return;
    }
    if (const Status s = deps_.bucket.put(state_key(entry.key), encode_state(status)); !s.ok()) {
        base::log_warn("the state of a group of rules cannot be written; that is tried again",
                       {{"tenant", entry.key.tenant},
                        {"group", entry.key.group},
                        {"error", std::string(s.message())}});
        return;
    }
    entry.saved_digest = digest;
    entry.saved_at = at;
}

void Ruler::evaluated(const EntryPtr& entry, Timestamp at, bool owned) {
    bool gone = false;
    {
        const base::MutexLock lock(mutex_);
        entry->busy = false;
        entry->last = at;
        if (!owned) {
            entry->run = nullptr;
            entry->saved_digest = 0;
        } else {
            ++entry->iterations;
            const Duration late = deps_.clock.now() - at;
            entry->missed += static_cast<std::uint64_t>(
                std::max<std::int64_t>(late.ns / interval_of(entry->group).ns, 0));
        }
        gone = entry->removed;
        if (!stopping_ && !gone) {
            schedule(entry);
        }
    }
    if (gone && owned) {
        forget(*entry);
    }
    leave_slot();
}

// A group of that name that comes later begins anew.
void Ruler::forget(const Entry& entry) {
    std::shared_ptr<GroupRun> run;
    {
        const base::MutexLock lock(mutex_);
        run = entry.run;
    }
    if (run != nullptr) {
        run->end_series(deps_.clock.now());
    }
    if (const Status s = deps_.bucket.remove(state_key(entry.key));
        !s.ok() && !absl::IsNotFound(s)) {
        base::log_warn("the state of a group of rules that is gone cannot be removed",
                       {{"error", std::string(s.message())}});
    }
}

StatusOr<std::vector<GroupStatus>> Ruler::list(const std::string& tenant, const Wanted& wanted) {
    LOGI_ASSIGN_OR_RETURN(const auto set, deps_.store.load(tenant));
    std::vector<GroupStatus> out;
    for (const auto& [name_space, groups] : set->namespaces) {
        for (const auto& [name, group] : groups) {
            if (!wanted(name_space, group)) {
                continue;
            }
            GroupStatus status;
            status.key = {tenant, name_space, name};
            status.group = group;
            status.interval = interval_of(group);
            status.rules.resize(group.rules.size());
            std::shared_ptr<GroupRun> run;
            {
                const base::MutexLock lock(mutex_);
                const auto it = entries_.find(status.key);
                run = it == entries_.end() ? nullptr : it->second->run;
            }
            if (run != nullptr) {
                LOGI_RETURN_IF_ERROR(decode_state(encode_state(run->status()), status));
            } else {
                LOGI_RETURN_IF_ERROR(load_state(status));
            }
            out.push_back(std::move(status));
        }
    }
    return out;
}

void Ruler::collect(base::Scrape& scrape) const {
    const base::MutexLock lock(mutex_);
    for (const auto& [key, entry] : entries_) {
        if (entry->run == nullptr) {
            continue;
        }
        const base::MetricLabels labels = {
            {"user", key.tenant}, {"rule_group", absl::StrCat(key.name_space, ";", key.group)}};
        const GroupStatus status = entry->run->status();
        const auto count = [&](const char* name, const char* help, std::uint64_t value) {
            scrape.counter(name, help, labels, static_cast<double>(value));
        };
        const auto gauge = [&](const char* name, const char* help, double value) {
            scrape.gauge(name, help, labels, value);
        };
        count("loki_prometheus_rule_evaluations_total",
              "Evaluations of rules.",
              entry->run->evaluations());
        count("loki_prometheus_rule_evaluation_failures_total",
              "Evaluations of rules that failed.",
              entry->run->failures());
        count("loki_prometheus_rule_group_iterations_total",
              "Evaluations of groups.",
              entry->iterations);
        count("loki_prometheus_rule_group_iterations_missed_total",
              "Evaluations of groups that were left out, as the one before took too long.",
              entry->missed);
        gauge("loki_prometheus_rule_group_rules",
              "Rules of a group.",
              static_cast<double>(status.group.rules.size()));
        gauge("loki_prometheus_rule_group_interval_seconds",
              "Time between evaluations of a group.",
              fields::seconds_of(status.interval));
        gauge("loki_prometheus_rule_group_last_duration_seconds",
              "How long the last evaluation of a group took.",
              fields::seconds_of(status.took));
        gauge("loki_prometheus_rule_group_last_evaluation_timestamp_seconds",
              "When a group was evaluated last.",
              static_cast<double>(status.last_evaluation.value_or(Timestamp{}).ns) / 1e9);
    }
}

}  // namespace logi::rule
