#include "rule/group_run.h"

#include "base/log.h"

#include <algorithm>
#include <utility>

namespace logi::rule {
namespace {

constexpr const char* kRuleGroup = "rule_group";

std::vector<Alert> alerts_of(const AlertRule& rule) {
    std::vector<Alert> out;
    for (const auto& [labels, alert] : rule.alerts()) {
        out.push_back(alert);
    }
    return out;
}

}  // namespace

GroupRun::GroupRun(const Deps& deps, GroupKey key, Group group, Duration interval)
    : deps_(deps), key_(std::move(key)), group_(std::move(group)), interval_(interval) {
    const base::MutexLock lock(mutex_);
    rules_.resize(group_.rules.size());
    for (std::size_t i = 0; i < rules_.size(); ++i) {
        if (group_.rules[i].alert.empty()) {
            continue;
        }
        auto made = AlertRule::make(group_.rules[i], deps_.templates);
        if (made.ok()) {
            rules_[i].alert = std::make_unique<AlertRule>(*std::move(made));
        } else {
            rules_[i].bad = made.status();
        }
    }
}

void GroupRun::restore(const GroupStatus& status) {
    const base::MutexLock lock(mutex_);
    last_evaluation_ = status.last_evaluation;
    took_ = status.took;
    for (std::size_t i = 0; i < rules_.size() && i < status.rules.size(); ++i) {
        rules_[i].status = status.rules[i];
        if (rules_[i].alert != nullptr) {
            rules_[i].alert->restore(std::exchange(rules_[i].status.alerts, {}));
        }
    }
}

void GroupRun::take_series(const GroupRun& before) {
    std::vector<std::pair<Rule, SeriesOfRule>> left;
    std::set<Labels> orphans;
    {
        const base::MutexLock lock(before.mutex_);
        orphans = before.orphans_;
        for (std::size_t i = 0; i < before.rules_.size(); ++i) {
            left.emplace_back(before.group_.rules[i], before.rules_[i].series);
        }
    }
    const base::MutexLock lock(mutex_);
    for (std::size_t i = 0; i < rules_.size(); ++i) {
        const auto it = std::find_if(left.begin(), left.end(), [&](const auto& item) {
            return item.first == group_.rules[i];
        });
        if (it != left.end()) {
            rules_[i].series = std::move(it->second);
            left.erase(it);
        }
    }
    for (const auto& [rule, series] : left) {
        orphans.insert(series.there().begin(), series.there().end());
    }
    orphans_ = std::move(orphans);
}

std::set<Labels> GroupRun::ended_series() {
    std::set<Labels> ended = std::exchange(orphans_, {});
    for (const State& state : rules_) {
        for (const Labels& labels : state.series.there()) {
            ended.erase(labels);
        }
    }
    return ended;
}

void GroupRun::end_series(Timestamp at) {
    std::set<Labels> ended;
    {
        const base::MutexLock lock(mutex_);
        ended = std::exchange(orphans_, {});
        for (State& state : rules_) {
            const SeriesOfRule series = std::exchange(state.series, {});
            ended.insert(series.there().begin(), series.there().end());
        }
        // Two samples of one time would be one too many.
        at = std::max(at, last_evaluation_.value_or(at) + Duration::millis(1));
    }
    record_end(ended, at);
}

void GroupRun::record_end(const std::set<Labels>& ended, Timestamp at) {
    std::vector<RecordedSample> samples;
    samples.reserve(ended.size());
    for (const Labels& labels : ended) {
        samples.push_back({labels, stale_marker(), at});
    }
    if (samples.empty() || !deps_.outlets.records(key_.tenant)) {
        return;
    }
    if (const Status s = record(std::move(samples)); !s.ok()) {
        base::log_warn("the end of series of a group of rules cannot be recorded",
                       {{"tenant", key_.tenant},
                        {"namespace", key_.name_space},
                        {"group", key_.group},
                        {"error", std::string(s.message())}});
    }
}

void GroupRun::evaluate(Timestamp at,
                        std::shared_ptr<const Lease> lease,
                        io::CancelToken cancel,
                        io::Task done) {
    next(0,
         std::make_shared<Pass>(
             Pass{at, std::move(lease), std::move(cancel), std::move(done), deps_.clock.now()}));
}

bool GroupRun::goes_on(const Pass& pass) {
    return pass.lease->holds() && pass.cancel.check().ok();
}

void GroupRun::next(std::size_t index, const std::shared_ptr<Pass>& pass) {
    if (index == group_.rules.size() || !goes_on(*pass)) {
        end(pass);
        return;
    }
    const Timestamp begin = deps_.clock.now();
    deps_.query({key_.tenant, group_.rules[index].expr, group_.only, pass->at, pass->cancel},
                [self = shared_from_this(), index, pass, begin](const StatusOr<Samples>& samples) {
                    self->take(index, pass, begin, samples);
                });
}

void GroupRun::take(std::size_t index,
                    const std::shared_ptr<Pass>& pass,
                    Timestamp begin,
                    const StatusOr<Samples>& samples) {
    // What came when it was too late, or when the process ends, says nothing of the rule.
    if (!goes_on(*pass)) {
        end(pass);
        return;
    }
    const Rule& rule = group_.rules[index];
    const Status status = apply(index, *pass, samples);
    ++evaluations_;
    if (!status.ok()) {
        ++failures_;
        base::log_warn("a rule cannot be evaluated",
                       {{"tenant", key_.tenant},
                        {"namespace", key_.name_space},
                        {"group", key_.group},
                        {"rule", rule.name()},
                        {"error", std::string(status.message())}});
    }
    {
        const base::MutexLock lock(mutex_);
        RuleStatus& told = rules_[index].status;
        told.health = status.ok() ? Health::kOk : Health::kError;
        told.last_error = std::string(status.message());
        told.last_evaluation = pass->at;
        told.took = deps_.clock.now() - begin;
    }
    next(index + 1, pass);
}

Status GroupRun::apply(std::size_t index, const Pass& pass, const StatusOr<Samples>& samples) {
    const Rule& rule = group_.rules[index];
    const base::MutexLock lock(mutex_);
    State& state = rules_[index];
    LOGI_RETURN_IF_ERROR(state.bad);
    LOGI_RETURN_IF_ERROR(samples.status());
    if (state.alert == nullptr) {
        LOGI_ASSIGN_OR_RETURN(Samples series, recorded_series(rule, *samples, group_.limit));
        return send_and_record(rule, std::move(series), state, pass);
    }
    const Status updated = state.alert->update(pass.at, *samples, group_.limit);
    const Status sent = send_and_record(rule, series_of_alerts(*state.alert), state, pass);
    return updated.ok() ? sent : updated;
}

Status GroupRun::send_and_record(const Rule& rule, Samples series, State& state, const Pass& pass) {
    if (state.alert != nullptr) {
        auto alerts = state.alert->to_send(pass.at, deps_.resend_delay, interval_);
        if (!alerts.empty()) {
            deps_.outlets.send_alerts(key_.tenant, rule.expr, std::move(alerts));
        }
    }
    if (!deps_.outlets.records(key_.tenant)) {
        return absl::OkStatus();
    }
    auto recorded = state.series.record(pass.at, std::move(series));
    return recorded.empty() ? absl::OkStatus() : record(std::move(recorded));
}

Status GroupRun::record(std::vector<RecordedSample> samples) {
    if (deps_.rule_group_label) {
        for (RecordedSample& sample : samples) {
            auto pairs = sample.labels.pairs();
            pairs.push_back({kRuleGroup, group_.name});
            sample.labels = Labels::from_pairs(std::move(pairs));
        }
    }
    return deps_.outlets.record(key_.tenant, std::move(samples));
}

void GroupRun::end(const std::shared_ptr<Pass>& pass) {
    if (goes_on(*pass)) {
        std::set<Labels> ended;
        {
            const base::MutexLock lock(mutex_);
            last_evaluation_ = pass->at;
            took_ = deps_.clock.now() - pass->begin;
            ended = ended_series();
        }
        record_end(ended, pass->at);
    }
    pass->done();
}

GroupStatus GroupRun::status() const {
    GroupStatus out{key_, group_, interval_, {}, {}, {}};
    const base::MutexLock lock(mutex_);
    out.last_evaluation = last_evaluation_;
    out.took = took_;
    for (const State& state : rules_) {
        out.rules.push_back(state.status);
        if (state.alert != nullptr) {
            out.rules.back().alerts = alerts_of(*state.alert);
        }
    }
    return out;
}

}  // namespace logi::rule
