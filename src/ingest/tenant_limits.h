// What limits each tenant: the defaults, or limits of its own, which may change at any time.
#pragma once

#include "absl/container/flat_hash_map.h"
#include "base/mutex.h"
#include "fields/hinted_fields.h"
#include "ingest/retention.h"
#include "ingest/stream_policy.h"
#include "logql/query_blocks.h"
#include "model/limits.h"
#include "wire/otlp_rules.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace logi::ingest {

// Limits, and what is made of them once. Immutable, safe from any thread.
struct TenantRules {
    // kInvalidArgument as StreamPolicies::of(), RetentionPolicy::of(), OtlpRules::of() and
    // QueryBlocks::of(), and for names of discovered fields that metadata cannot have.
    static StatusOr<std::shared_ptr<const TenantRules>> of(Limits limits);

    Limits limits;
    StreamPolicies policies;
    RetentionPolicy retention;
    wire::OtlpRules otlp;
    logql::QueryBlocks blocked;
    fields::HintedFields fields;
};

// Thread-safe. Whoever works for a tenant asks once and holds what it gets.
class TenantLimits {
  public:
    explicit TenantLimits(std::shared_ptr<const TenantRules> defaults)
        : defaults_(std::move(defaults)) {}

    [[nodiscard]] std::shared_ptr<const TenantRules> of(const std::string& tenant) const;

    // Of those that have none of their own.
    [[nodiscard]] const TenantRules& defaults() const { return *defaults_; }
    // The tenants that have limits of their own.
    [[nodiscard]] std::vector<std::string> with_own() const;

    // Of a query over several tenants: of each limit of queries the narrowest that any of them has,
    // otherwise as `first`.
    [[nodiscard]] std::shared_ptr<const TenantRules> of_all(
        const std::string& first, const std::vector<std::string>& others) const;

    // From now on these tenants have limits of their own, and no others. After kInvalidArgument,
    // which names the tenant, everything is as before.
    Status set(std::map<std::string, Limits> by_tenant);

  private:
    const std::shared_ptr<const TenantRules> defaults_;
    mutable base::Mutex mutex_;
    absl::flat_hash_map<std::string, std::shared_ptr<const TenantRules>> own_
        LOGI_GUARDED_BY(mutex_);
};

}  // namespace logi::ingest
