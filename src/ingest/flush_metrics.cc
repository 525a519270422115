#include "ingest/flush_metrics.h"

#include <algorithm>

namespace logi::ingest {
namespace {

const std::vector<double> kSizeBuckets = {
    16e3, 64e3, 256e3, 1e6, 2e6, 4e6, 8e6, 16e6, 32e6, 64e6, 128e6};
const std::vector<double> kEntriesBuckets = {1e2, 1e3, 1e4, 1e5, 2.5e5, 5e5, 1e6, 2.5e6, 5e6};
const std::vector<double> kAgeBuckets = {1, 10, 60, 300, 600, 1200, 1800, 3600};
const std::vector<double> kHoursBuckets = {0.01, 0.1, 0.25, 0.5, 1, 2, 4, 8, 24};
const std::vector<double> kRatioBuckets = {1, 2, 4, 8, 12, 16, 24, 32, 64};
constexpr double kNanosPerHour = 3600e9;

}  // namespace

FlushMetrics::FlushMetrics(base::Registry& registry)
    : failures(registry.counter("logi_flush_failures_total",
                                "Attempts to write a generation that failed.")),
      removed_rows(registry.counter("logi_flush_removed_entries_total",
                                    "Entries that a flush left out as deleted.")),
      registry_(registry),
      flushes_(registry.counter("logi_flushes_total", "Generations written to segments.")),
      bytes_(registry.counter("logi_segment_bytes_total", "Bytes of segments written.")),
      duplicates_(registry.counter("logi_flush_duplicates_total",
                                   "Entries dropped as equal to another at a flush.")),
      size_bytes_(registry.histogram(
          "loki_ingester_chunk_size_bytes", "Bytes of segments that flushes wrote.", kSizeBuckets)),
      entries_(registry.histogram("loki_ingester_chunk_entries",
                                  "Entries of segments that flushes wrote.",
                                  kEntriesBuckets)),
      age_seconds_(registry.histogram("loki_ingester_chunk_age_seconds",
                                      "Since the first entry of a segment's journal came.",
                                      kAgeBuckets)),
      span_hours_(registry.histogram("loki_ingester_chunk_bounds_hours",
                                     "From the first to the last entry of a segment.",
                                     kHoursBuckets)),
      ratio_(registry.histogram("loki_ingester_chunk_compression_ratio",
                                "Bytes of lines to bytes of their segment.",
                                kRatioBuckets)) {}

void FlushMetrics::count_written(const head::FlushedSegment& segment, Duration age) const {
    const auto bytes = static_cast<double>(segment.bytes.size());
    bytes_.add(bytes);
    duplicates_.add(static_cast<double>(segment.duplicates));
    size_bytes_.observe(bytes);
    entries_.observe(static_cast<double>(segment.rows));
    age_seconds_.observe(static_cast<double>(std::max<std::int64_t>(age.ns, 0)) / 1e9);
    span_hours_.observe(static_cast<double>((segment.max_time - segment.min_time).ns) /
                        kNanosPerHour);
    ratio_.observe(static_cast<double>(segment.line_bytes) / bytes);
}

void FlushMetrics::count_flushed(const char* reason) const {
    flushes_.add();
    registry_
        .counter("loki_ingester_chunks_flushed_total",
                 "Generations written to segments, by what made that happen.",
                 {{"reason", reason}})
        .add();
}

}  // namespace logi::ingest
