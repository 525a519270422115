#include "ingest/push_metrics.h"

#include "ingest/entry_size.h"

#include <map>

namespace logi::ingest {
namespace {

struct Sums {
    std::uint64_t lines = 0;
    std::uint64_t bytes = 0;  // of lines and metadata
    std::uint64_t metadata_bytes = 0;
};

void add_stream(Sums& sums, const AcceptedStream& stream) {
    sums.lines += stream.entries.size();
    for (const auto& entry : stream.entries) {
        const std::uint64_t metadata = metadata_bytes(entry);
        sums.metadata_bytes += metadata;
        sums.bytes += metadata + entry.line.size();
    }
}

}  // namespace

base::MetricLabels PushMetrics::labels(const std::string& policy) const {
    return {{"tenant", tenant_},
            {"format", format_},
            {"policy", rules_.policies.knows(policy) ? policy : std::string()}};
}

void PushMetrics::add(const char* name,
                      const char* help,
                      const base::MetricLabels& labels,
                      std::uint64_t by) const {
    registry_.counter(name, help, labels).add(static_cast<double>(by));
}

void PushMetrics::count_accepted(const Validated& v) const {
    std::map<std::string, Sums> by_policy;
    for (const AcceptedStream& stream : v.streams) {
        add_stream(by_policy[stream.policy], stream);
    }
    for (const auto& [policy, sums] : by_policy) {
        const base::MetricLabels of_policy = labels(policy);
        add("loki_distributor_bytes_received_total",
            "Bytes of lines and metadata accepted.",
            of_policy,
            sums.bytes);
        add("loki_distributor_lines_received_total", "Lines accepted.", of_policy, sums.lines);
        add("loki_distributor_structured_metadata_bytes_received_total",
            "Bytes of metadata accepted.",
            of_policy,
            sums.metadata_bytes);
    }
    if (v.changed_metadata > 0) {
        add("loki_distributor_push_structured_metadata_sanitized_total",
            "Names and values of metadata that are stored otherwise than they came.",
            {{"tenant", tenant_}, {"format", format_}},
            v.changed_metadata);
    }
    if (v.cut_lines > 0) {
        const base::MetricLabels cut = {{"tenant", tenant_}, {"reason", "line_too_long"}};
        add("loki_mutated_samples_total", "Lines that were cut.", cut, v.cut_lines);
        add("loki_mutated_bytes_total", "What was cut off.", cut, v.cut_bytes);
    }
}

void PushMetrics::count_discarded(const std::string& reason,
                                  const std::string& policy,
                                  const Validated::Count& count) const {
    base::MetricLabels of_reason = labels(policy);
    of_reason["reason"] = reason;
    add("loki_discarded_samples_total", "Entries that were refused.", of_reason, count.lines);
    add("loki_discarded_bytes_total",
        "Bytes of entries that were refused.",
        of_reason,
        count.bytes);
}

}  // namespace logi::ingest
