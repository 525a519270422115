// What metrics tell of a push.
#pragma once

#include "base/metrics.h"
#include "ingest/tenant_limits.h"
#include "ingest/validate.h"
#include "wire/push.h"

#include <string>

namespace logi::ingest {

// Of one push. Policies of ingestion that the tenant's limits say nothing of, which any client may
// name, are not told apart.
class PushMetrics {
  public:
    // The registry and the rules must outlive this.
    PushMetrics(base::Registry& registry,
                const TenantRules& rules,
                std::string tenant,
                wire::PushFormat format)
        : registry_(registry),
          rules_(rules),
          tenant_(std::move(tenant)),
          format_(format == wire::PushFormat::kOtlp ? "otlp" : "loki") {}

    void count_accepted(const Validated& v) const;
    void count_discarded(const std::string& reason,
                         const StreamKind& kind,
                         const Validated::Count& count) const;

  private:
    [[nodiscard]] base::MetricLabels labels(const StreamKind& kind) const;
    void add(const char* name,
             const char* help,
             const base::MetricLabels& labels,
             std::uint64_t by) const;

    base::Registry& registry_;
    const TenantRules& rules_;
    const std::string tenant_;
    const char* const format_;
};

}  // namespace logi::ingest
