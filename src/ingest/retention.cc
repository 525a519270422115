#include "ingest/retention.h"

#include "absl/strings/str_cat.h"
#include "logql/parser.h"

namespace logi::ingest {
namespace {

constexpr Duration kPeriodMin = Duration::hours(24);

}  // namespace

StatusOr<RetentionPolicy> RetentionPolicy::of(const Limits& limits) {
    RetentionPolicy policy;
    for (const StreamRetention& stream : limits.retention_stream) {
        auto matchers = logql::parse_selector(stream.selector, logql::Selective::kAny);
        if (!matchers.ok()) {
            return absl::InvalidArgumentError(
                absl::StrCat("retention_stream: ", std::string(matchers.status().message())));
        }
        if (stream.period < kPeriodMin) {
            return absl::InvalidArgumentError(
                absl::StrCat("retention_stream: the period of ",
                             stream.selector,
                             " is too short: retention period must be >= 24h"));
        }
        policy.rules_.push_back({*std::move(matchers), stream.priority, stream.period});
    }
    std::stable_sort(policy.rules_.begin(), policy.rules_.end(), [](const Rule& a, const Rule& b) {
        return a.priority != b.priority ? a.priority > b.priority : a.period < b.period;
    });
    policy.rules_.push_back({{}, 0, limits.retention_period});
    return policy;
}

bool RetentionPolicy::any() const {
    return std::any_of(
        rules_.begin(), rules_.end(), [](const Rule& rule) { return rule.period.ns > 0; });
}

std::int64_t RetentionPolicy::hours_of(const std::vector<LabelPair>& labels) const {
    const auto hours = [](const Rule& rule) {
        return rule.period.ns / Duration::hours(1).ns;
    };
    // Mostly there is one for all.
    if (rules_.size() == 1) {
        return hours(rules_.front());
    }
    const Labels stream = Labels::from_pairs(labels);
    for (const Rule& rule : rules_) {
        if (matches_all(rule.matchers, stream)) {
            return hours(rule);
        }
    }
    return 0;
}

std::vector<exec::KeepRule> RetentionPolicy::at(Timestamp now) const {
    std::vector<exec::KeepRule> kept;
    if (any()) {
        for (const Rule& rule : rules_) {
            kept.push_back(
                {rule.matchers, rule.period.ns > 0 ? now - rule.period : Timestamp::min()});
        }
    }
    return kept;
}

}  // namespace logi::ingest
