#include "api/query_metrics.h"

#include "fields/conversions.h"

#include <algorithm>

namespace logi::api {
namespace {

const std::vector<double> kQuerySecondsBuckets = {
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250};
const std::vector<double> kQueryBytesBuckets = {
    1e6, 2.5e6, 5e6, 1e7, 2.5e7, 5e7, 1e8, 2.5e8, 5e8, 1e9, 2.5e9, 5e9, 1e10};
const std::vector<double> kBlocksBuckets = {1, 4, 16, 64, 256, 1024, 4096, 16384, 65536};

}  // namespace

void count_query(base::Registry& metrics,
                 const std::string& user,
                 const ReadRecord& record,
                 const ReadOutcome& outcome) {
    const double seconds = fields::seconds_of(outcome.took);
    const base::MetricLabels kind = {{"status_code", std::to_string(outcome.status)},
                                     {"type", record.type},
                                     {"range", record.instant ? "instant" : "range"},
                                     {"latency_type", latency_type(outcome.took)}};
    metrics
        .histogram("loki_logql_querystats_latency_seconds",
                   "Time of queries, without that for their turn.",
                   kQuerySecondsBuckets,
                   kind)
        .observe(seconds);
    exec::ReadCounts all = outcome.stats.segments;
    all += outcome.stats.head;
    metrics
        .histogram("loki_logql_querystats_bytes_processed_per_seconds",
                   "Bytes of lines that queries looked at, by second.",
                   kQueryBytesBuckets,
                   kind)
        .observe(static_cast<double>(all.line_bytes) / std::max(seconds, 1e-9));
    metrics
        .histogram("loki_chunk_store_chunks_per_query", "Blocks that a query read.", kBlocksBuckets)
        .observe(static_cast<double>(all.blocks));
    const auto count = [&](const char* name, const char* help, std::uint64_t n) {
        metrics.counter(name, help).add(static_cast<double>(n));
    };
    count("loki_logql_querystats_duplicates_total",
          "Entries left out as equal to another.",
          outcome.stats.duplicates);
    count("loki_logql_querystats_downloaded_chunk_total",
          "Blocks of segments that were read.",
          outcome.stats.segments.blocks);
    count("loki_logql_querystats_ingester_sent_lines_total",
          "Entries in memory that passed a query.",
          outcome.stats.head.passed_lines);
    metrics.counter("loki_query_seconds_total", "Time of queries, all together.", {{"user", user}})
        .add(seconds);
}

}  // namespace logi::api
