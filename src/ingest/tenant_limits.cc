#include "ingest/tenant_limits.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "model/metadata_name.h"

#include <algorithm>

namespace logi::ingest {
namespace {

void narrow_queries(Limits& l, const Limits& other) {
    l.max_query_series = least_limit(l.max_query_series, other.max_query_series);
    l.max_entries_limit_per_query =
        least_limit(l.max_entries_limit_per_query, other.max_entries_limit_per_query);
    l.max_query_memory_bytes = least_limit(l.max_query_memory_bytes, other.max_query_memory_bytes);
    l.max_query_parallelism = least_limit(l.max_query_parallelism, other.max_query_parallelism);
    l.max_streams_matchers_per_query =
        least_limit(l.max_streams_matchers_per_query, other.max_streams_matchers_per_query);
    l.max_query_length = least_limit(l.max_query_length, other.max_query_length);
    l.max_query_lookback = least_limit(l.max_query_lookback, other.max_query_lookback);
    l.max_query_range = least_limit(l.max_query_range, other.max_query_range);
    l.query_timeout = least_limit(l.query_timeout, other.query_timeout);
    l.max_query_bytes_read = least_limit(l.max_query_bytes_read, other.max_query_bytes_read);
    l.volume_max_series = least_limit(l.volume_max_series, other.volume_max_series);
    l.volume_enabled = l.volume_enabled && other.volume_enabled;
    l.required_labels.insert(
        l.required_labels.end(), other.required_labels.begin(), other.required_labels.end());
    l.minimum_labels_number = std::max(l.minimum_labels_number, other.minimum_labels_number);
}

Status check_names(const std::map<std::string, std::vector<std::string>>& fields) {
    for (const auto& [name, hints] : fields) {
        const auto stored = normalise_metadata_name(name);
        if (!stored.ok() || *stored != name) {
            return absl::InvalidArgumentError(
                absl::StrCat("discover_generic_fields: metadata cannot have the name '",
                             absl::CHexEscape(name),
                             "'"));
        }
    }
    return absl::OkStatus();
}

}  // namespace

StatusOr<std::shared_ptr<const TenantRules>> TenantRules::of(Limits limits) {
    auto rules = std::make_shared<TenantRules>();
    rules->limits = std::move(limits);
    LOGI_ASSIGN_OR_RETURN(rules->policies, StreamPolicies::of(rules->limits));
    LOGI_ASSIGN_OR_RETURN(rules->retention, RetentionPolicy::of(rules->limits));
    LOGI_ASSIGN_OR_RETURN(rules->otlp, wire::OtlpRules::of(rules->limits.otlp_config));
    LOGI_ASSIGN_OR_RETURN(rules->blocked, logql::QueryBlocks::of(rules->limits.blocked_queries));
    LOGI_RETURN_IF_ERROR(check_names(rules->limits.discover_generic_fields));
    rules->fields = fields::HintedFields(rules->limits.discover_generic_fields);
    return rules;
}

std::shared_ptr<const TenantRules> TenantLimits::of(const std::string& tenant) const {
    const base::MutexLock lock(mutex_);
    const auto it = own_.find(tenant);
    return it == own_.end() ? defaults_ : it->second;
}

std::shared_ptr<const TenantRules> TenantLimits::of_all(
    const std::string& first, const std::vector<std::string>& others) const {
    auto all = std::make_shared<TenantRules>(*of(first));
    for (const auto& tenant : others) {
        narrow_queries(all->limits, of(tenant)->limits);
    }
    return all;
}

std::vector<std::string> TenantLimits::with_own() const {
    const base::MutexLock lock(mutex_);
    std::vector<std::string> names;
    names.reserve(own_.size());
    for (const auto& [name, rules] : own_) {
        names.push_back(name);
    }
    return names;
}

Status TenantLimits::set(std::map<std::string, Limits> by_tenant) {
    absl::flat_hash_map<std::string, std::shared_ptr<const TenantRules>> own;
    for (auto& [tenant, limits] : by_tenant) {
        auto rules = TenantRules::of(std::move(limits));
        if (!rules.ok()) {
            return absl::InvalidArgumentError(
                absl::StrCat("tenant '", tenant, "': ", std::string(rules.status().message())));
        }
        own.emplace(tenant, *std::move(rules));
    }
    const base::MutexLock lock(mutex_);
    own_ = std::move(own);
    return absl::OkStatus();
}

}  // namespace logi::ingest
