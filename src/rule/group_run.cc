#include "rule/group_run.h"

#include "base/log.h"

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
    if (recorded.empty()) {
        return absl::OkStatus();
    }
    if (deps_.rule_group_label) {
        for (RecordedSample& sample : recorded) {
            auto pairs = sample.labels.pairs();
            pairs.push_back({kRuleGroup, group_.name});
            sample.labels = Labels::from_pairs(std::move(pairs));
        }
    }
    return deps_.outlets.record(key_.tenant, std::move(recorded));
}

void GroupRun::end(const std::shared_ptr<Pass>& pass) {
    if (goes_on(*pass)) {
        const base::MutexLock lock(mutex_);
        last_evaluation_ = pass->at;
        took_ = deps_.clock.now() - pass->begin;
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
