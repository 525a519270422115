#include "ingest/push_metrics.h"

#include "ingest/entry_size.h"

#include <algorithm>
#include <map>

namespace logi::ingest {
namespace {

struct Sums {
    std::uint64_t lines = 0;
    std::uint64_t bytes = 0;  // of lines and metadata
    std::uint64_t metadata_bytes = 0;
};

const std::vector<double> kLineSizes = {1, 8, 64, 512, 4096, 32768, 262144, 2097152};

struct LineSizes {
    std::vector<double> counts = std::vector<double>(kLineSizes.size() + 1);
    double bytes = 0;

    void add(std::size_t size) {
        const auto bucket =
            std::lower_bound(kLineSizes.begin(), kLineSizes.end(), static_cast<double>(size));
        ++counts[static_cast<std::size_t>(bucket - kLineSizes.begin())];
        bytes += static_cast<double>(size);
    }
};

void add_stream(Sums& sums, LineSizes& sizes, const AcceptedStream& stream) {
    sums.lines += stream.entries.size();
    for (const auto& entry : stream.entries) {
        const std::uint64_t metadata = metadata_bytes(entry);
        sums.metadata_bytes += metadata;
        sums.bytes += metadata + entry.line.size();
        sizes.add(entry.line.size());
    }
}

}  // namespace

base::MetricLabels PushMetrics::labels(const StreamKind& kind) const {
    return {{"tenant", tenant_},
            {"format", format_},
            {"policy", rules_.policies.knows(kind.policy) ? kind.policy : std::string()}};
}

void PushMetrics::add(const char* name,
                      const char* help,
                      const base::MetricLabels& labels,
                      std::uint64_t by) const {
    registry_.counter(name, help, labels).add(static_cast<double>(by));
}

void PushMetrics::count_accepted(const Validated& v) const {
    std::map<StreamKind, Sums> by_kind;
    LineSizes sizes;
    for (const AcceptedStream& stream : v.streams) {
        add_stream(by_kind[stream.kind], sizes, stream);
    }
    for (const auto& [kind, sums] : by_kind) {
        base::MetricLabels of_kind = labels(kind);
        of_kind["is_internal_stream"] = kind.internal ? "true" : "false";
        add("loki_distributor_lines_received_total", "Lines accepted.", of_kind, sums.lines);
        of_kind["retention_hours"] = std::to_string(kind.retention_hours);
        add("loki_distributor_bytes_received_total",
            "Bytes of lines and metadata accepted.",
            of_kind,
            sums.bytes);
        add("loki_distributor_structured_metadata_bytes_received_total",
            "Bytes of metadata accepted.",
            of_kind,
            sums.metadata_bytes);
    }
    registry_.histogram("loki_bytes_per_line", "Bytes of lines accepted.", kLineSizes)
        .observe_many(sizes.counts, sizes.bytes);
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
                                  const StreamKind& kind,
                                  const Validated::Count& count) const {
    base::MetricLabels of_reason = labels(kind);
    of_reason["reason"] = reason;
    of_reason["retention_hours"] = std::to_string(kind.retention_hours);
    add("loki_discarded_samples_total", "Entries that were refused.", of_reason, count.lines);
    add("loki_discarded_bytes_total",
        "Bytes of entries that were refused.",
        of_reason,
        count.bytes);
}

}  // namespace logi::ingest
