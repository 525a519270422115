#include "rule/alert.h"

#include "absl/strings/str_cat.h"

#include <algorithm>
#include <set>

namespace logi::rule {
namespace {

constexpr const char* kAlertName = "alertname";
// What was sent is good for so many times between two sendings.
constexpr std::int64_t kValidTimes = 4;

StatusOr<std::map<std::string, RuleTemplate>> parse_all(const TextMap& texts,
                                                        const char* what,
                                                        const std::string& alert) {
    std::map<std::string, RuleTemplate> parsed;
    for (const auto& [name, text] : texts) {
        auto one = RuleTemplate::parse("__alert_" + alert, text);
        if (!one.ok()) {
            return absl::InvalidArgumentError(
                absl::StrCat(what, " \"", name, "\": ", one.status().message()));
        }
        parsed.emplace(name, *std::move(one));
    }
    return parsed;
}

}  // namespace

const char* name_of(AlertState state) {
    switch (state) {
        case AlertState::kPending:
            return "pending";
        case AlertState::kFiring:
            return "firing";
        default:
            return "inactive";
    }
}

StatusOr<AlertRule> AlertRule::make(const Rule& rule, const TemplateData& data) {
    AlertRule made(rule, data);
    LOGI_ASSIGN_OR_RETURN(made.labels_, parse_all(rule.labels, "label", rule.alert));
    LOGI_ASSIGN_OR_RETURN(made.annotations_, parse_all(rule.annotations, "annotation", rule.alert));
    return made;
}

Labels AlertRule::labels_of(const Sample& sample, Timestamp at) const {
    std::vector<LabelPair> pairs;
    for (const LabelPair& pair : sample.labels.pairs()) {
        if (pair.name != kMetricName) {
            pairs.push_back(pair);
        }
    }
    // Of equal names the last stays.
    for (const auto& [name, text] : labels_) {
        pairs.push_back({name, text.expand(sample.labels, sample.value, *data_, at)});
    }
    pairs.push_back({kAlertName, rule_.alert});
    return Labels::from_pairs(std::move(pairs));
}

Labels AlertRule::annotations_of(const Sample& sample, Timestamp at) const {
    std::vector<LabelPair> pairs;
    for (const auto& [name, text] : annotations_) {
        pairs.push_back({name, text.expand(sample.labels, sample.value, *data_, at)});
    }
    return Labels::of_result(std::move(pairs));
}

Status AlertRule::update(Timestamp at, const Samples& samples, std::int64_t limit) {
    std::map<Labels, Alert> given;
    for (const Sample& sample : samples) {
        Alert alert;
        alert.labels = labels_of(sample, at);
        alert.annotations = annotations_of(sample, at);
        alert.value = sample.value;
        alert.active_at = at;
        const Labels key = alert.labels;
        if (!given.emplace(key, std::move(alert)).second) {
            return absl::InvalidArgumentError(
                "vector contains metrics with the same labelset after applying alert labels");
        }
    }
    for (const auto& [key, alert] : given) {
        const auto [it, is_new] = alerts_.try_emplace(key, alert);
        if (!is_new && it->second.state == AlertState::kInactive) {
            it->second = alert;
        } else if (!is_new) {
            it->second.value = alert.value;
            it->second.annotations = alert.annotations;
        }
    }
    std::size_t active = 0;
    for (auto it = alerts_.begin(); it != alerts_.end();) {
        Alert& alert = it->second;
        if (given.contains(it->first)) {
            alert.missing_since.reset();
        } else if (!miss(alert, at)) {
            it = alerts_.erase(it);
            continue;
        }
        active += alert.state == AlertState::kInactive ? 0 : 1;
        if (alert.state == AlertState::kPending && at - alert.active_at >= rule_.wait) {
            alert.state = AlertState::kFiring;
            alert.fired_at = at;
        }
        ++it;
    }
    if (limit > 0 && active > static_cast<std::size_t>(limit)) {
        alerts_.clear();
        return absl::InvalidArgumentError(
            absl::StrCat("exceeded limit of ", limit, " with ", active, " alerts"));
    }
    return absl::OkStatus();
}

bool AlertRule::miss(Alert& alert, Timestamp at) const {
    if (alert.state == AlertState::kPending) {
        return false;
    }
    if (alert.state == AlertState::kInactive) {
        return at - *alert.resolved_at <= kResolvedKept;
    }
    if (rule_.keep_firing.ns > 0) {
        alert.missing_since = alert.missing_since.value_or(at);
        if (at - *alert.missing_since < rule_.keep_firing) {
            return true;
        }
    }
    alert.state = AlertState::kInactive;
    alert.resolved_at = at;
    return true;
}

std::vector<Alert> AlertRule::to_send(Timestamp at, Duration resend_delay, Duration interval) {
    std::vector<Alert> out;
    for (auto& [key, alert] : alerts_) {
        if (alert.state == AlertState::kPending) {
            continue;
        }
        const bool newly_resolved = alert.resolved_at.has_value() &&
                                    (!alert.last_sent || *alert.resolved_at > *alert.last_sent);
        if (!newly_resolved && alert.last_sent && at - *alert.last_sent < resend_delay) {
            continue;
        }
        alert.last_sent = at;
        alert.valid_until = at + Duration{std::max(resend_delay, interval).ns * kValidTimes};
        out.push_back(alert);
    }
    return out;
}

AlertState AlertRule::state() const {
    AlertState most = AlertState::kInactive;
    for (const auto& [key, alert] : alerts_) {
        most = std::max(most, alert.state);
    }
    return most;
}

void AlertRule::restore(std::vector<Alert> alerts) {
    alerts_.clear();
    for (Alert& alert : alerts) {
        Labels key = alert.labels;
        alerts_.emplace(std::move(key), std::move(alert));
    }
}

}  // namespace logi::rule
