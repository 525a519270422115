#include "ingest/stream_policy.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/rfc3339.h"
#include "logql/parser.h"

#include <tuple>

namespace logi::ingest {
namespace {

constexpr const char* kEveryStream = "*";  // a policy of all

// With nothing for an unknown key.
template <typename T>
T value_of(const std::map<std::string, T>& map, const std::string& key) {
    const auto it = map.find(key);
    return it == map.end() ? T() : it->second;
}

}  // namespace

StatusOr<StreamPolicies> StreamPolicies::of(const Limits& limits) {
    StreamPolicies out;
    for (const auto& [policy, selectors] : limits.policy_stream_mapping) {
        for (const auto& s : selectors) {
            auto matchers = logql::parse_selector(s.selector, logql::Selective::kAny);
            if (!matchers.ok()) {
                return absl::InvalidArgumentError(
                    absl::StrCat("policy_stream_mapping: policy '",
                                 policy,
                                 "': ",
                                 std::string(matchers.status().message())));
            }
            out.rules_.push_back({policy, *std::move(matchers), s.priority});
        }
    }
    std::stable_sort(out.rules_.begin(), out.rules_.end(), [](const Rule& a, const Rule& b) {
        return a.priority > b.priority;
    });
    out.enforced_ = limits.enforced_labels;
    out.policy_enforced_ = limits.policy_enforced_labels;
    out.blocked_until_ = limits.block_ingestion_until;
    out.policy_blocked_until_ = limits.block_ingestion_policy_until;
    out.blocked_status_ = limits.block_ingestion_status_code;
    out.any_ = !out.enforced_.empty() || !out.policy_enforced_.empty() ||
               out.blocked_until_ != Timestamp() || !out.policy_blocked_until_.empty();
    return out;
}

std::optional<StreamPolicies::Refusal> StreamPolicies::refuse(const std::vector<LabelPair>& labels,
                                                              const std::string& text,
                                                              const std::string& policy,
                                                              std::string_view tenant,
                                                              Timestamp now) const {
    if (!any_) {
        return std::nullopt;
    }
    const Labels stream = Labels::from_pairs(labels);
    const auto missing = missing_labels(stream, policy);
    if (!missing.empty()) {
        return Refusal{"missing_enforced_labels",
                       absl::StrCat("missing required labels '",
                                    absl::StrJoin(missing, ","),
                                    "' for user '",
                                    std::string(tenant),
                                    "' for stream '",
                                    text,
                                    "' (policy: '",
                                    policy,
                                    "')"),
                       0};
    }
    return blocked(policy, tenant, now);
}

std::string StreamPolicies::name_of(const std::vector<LabelPair>& labels,
                                    std::string_view asked) const {
    if (!asked.empty() || rules_.empty()) {
        return std::string(asked);
    }
    const Labels stream = Labels::from_pairs(labels);
    const auto rule = std::find_if(rules_.begin(), rules_.end(), [&](const Rule& r) {
        return matches_all(r.matchers, stream);
    });
    return rule == rules_.end() ? "" : rule->policy;
}

bool StreamPolicies::knows(const std::string& policy) const {
    return policy_enforced_.contains(policy) || policy_blocked_until_.contains(policy) ||
           std::any_of(
               rules_.begin(), rules_.end(), [&](const Rule& r) { return r.policy == policy; });
}

std::vector<std::string> StreamPolicies::missing_labels(const Labels& labels,
                                                        const std::string& policy) const {
    std::vector<std::string> missing;
    const auto look = [&](const std::vector<std::string>& wanted) {
        for (const auto& name : wanted) {
            if (labels.find(name) == nullptr &&
                std::find(missing.begin(), missing.end(), name) == missing.end()) {
                missing.push_back(name);
            }
        }
    };
    look(enforced_);
    look(value_of(policy_enforced_, kEveryStream));
    look(value_of(policy_enforced_, policy));
    return missing;
}

// The tenant's own block first, then that of the policy, then that of all streams.
std::optional<StreamPolicies::Refusal> StreamPolicies::blocked(const std::string& policy,
                                                               std::string_view tenant,
                                                               Timestamp now) const {
    const auto refusal = [&](const char* reason, const std::string& why, Timestamp until) {
        return Refusal{reason,
                       absl::StrCat("ingestion blocked for user '",
                                    std::string(tenant),
                                    "'",
                                    why,
                                    " until '",
                                    format_rfc3339(until),
                                    "' with status code '",
                                    blocked_status_,
                                    "'"),
                       static_cast<int>(blocked_status_)};
    };
    if (now < blocked_until_) {
        return refusal("blocked_ingestion", "", blocked_until_);
    }
    for (const std::string& name : {policy, std::string(kEveryStream)}) {
        const Timestamp until = value_of(policy_blocked_until_, name);
        if (now < until) {
            return refusal(
                "blocked_ingestion_policy", absl::StrCat(" (policy: '", name, "')"), until);
        }
    }
    return std::nullopt;
}

}  // namespace logi::ingest
