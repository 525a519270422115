// Per-tenant limits, named and defaulted as in Loki's limits_config, in base units.
#pragma once

#include "base/time.h"
#include "model/otlp_config.h"
#include "model/ruler_limits.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace logi {

// The lesser of two limits, of which 0, or less, is none.
template <typename T>
constexpr T least_limit(T a, T b) {
    return a <= T{0} || b <= T{0} ? std::max(a, b) : std::min(a, b);
}

struct PolicySelector {
    std::string selector;  // {app="a"}
    std::int64_t priority = 0;
};

struct StreamRetention {
    std::string selector;
    std::int64_t priority = 0;
    Duration period;
};

// Queries that are not run.
struct BlockedQuery {
    std::string pattern = {};  // the whole text of a query; empty: any
    bool regex = false;        // the pattern is a regular expression that matches anywhere in it
    std::uint32_t hash = 0;    // FNV-1 of the text; 0: it does not matter
    std::vector<std::string> types = {};                 // metric, filter, limited; empty: all
    std::map<std::string, std::string> query_tags = {};  // that the request must have
};

struct Limits {
    double ingestion_rate_mb = 4;        // MiB per second and tenant
    double ingestion_burst_size_mb = 6;  // MiB
    std::int64_t max_label_name_length = 1024;
    std::int64_t max_label_value_length = 2048;
    std::int64_t max_label_names_per_series = 15;
    bool reject_old_samples = true;
    Duration reject_old_samples_max_age = Duration::hours(24 * 7);
    Duration creation_grace_period = Duration::minutes(10);
    std::int64_t max_line_size = 256 * 1024;  // bytes, 0: no limit
    bool max_line_size_truncate = false;
    std::string max_line_size_truncate_identifier;
    bool increment_duplicate_timestamp = false;
    bool allow_structured_metadata = true;
    std::int64_t max_structured_metadata_size = 64 * 1024;
    std::int64_t max_structured_metadata_entries_count = 128;
    // Entries get their level as metadata "detected_level".
    bool discover_log_levels = true;
    // Labels, metadata and fields of the line that hold it, the most telling first.
    std::vector<std::string> log_level_fields = {"level",
                                                 "LEVEL",
                                                 "Level",
                                                 "log.level",
                                                 "severity",
                                                 "SEVERITY",
                                                 "Severity",
                                                 "SeverityText",
                                                 "lvl",
                                                 "LVL",
                                                 "Lvl",
                                                 "severity_text",
                                                 "Severity_Text",
                                                 "SEVERITY_TEXT"};
    // Objects of a JSON line that are searched: 1 is the root alone, 0 or less all.
    std::int64_t log_level_from_json_max_depth = 2;
    // Metadata that entries get: names, and under which labels, metadata or fields of the line the
    // values may be found.
    std::map<std::string, std::vector<std::string>> discover_generic_fields;
    std::int64_t max_global_streams_per_user = 5000;       // 0: no limit
    std::int64_t max_streams_per_user = 0;                 // the same: there is one process
    std::int64_t per_stream_rate_limit = 3 * 1024 * 1024;  // bytes per second
    std::int64_t per_stream_rate_limit_burst = 15 * 1024 * 1024;
    // Of a stream that is over its rate all entries of the push are refused; else those that are.
    bool shard_streams_enabled = true;
    std::int64_t max_query_series = 500;
    std::int64_t max_entries_limit_per_query = 5000;
    std::int64_t max_query_memory_bytes = 1LL << 30;  // Logi's own: what one query may hold
    // Of a tenant: tasks of its queries that run at once; 0: no limit.
    std::int64_t max_query_parallelism = 32;
    std::int64_t max_streams_matchers_per_query = 1000;
    Duration max_query_length = Duration::hours(721);
    Duration max_query_lookback{0};  // 0: no limit
    Duration max_query_range{0};     // of [ranges]; 0: no limit
    // 0: range queries are evaluated at start + n * step; else at multiples of the step (Loki
    // splits queries at such times, and Logi gives the same points).
    Duration split_queries_by_interval = Duration::hours(1);
    bool volume_enabled = true;
    std::int64_t volume_max_series = 1000;  // 0: no limit
    Duration query_timeout = Duration::minutes(1);
    std::int64_t max_concurrent_tail_requests = 10;  // of a tenant, 0: no limit
    // 0: no limit, of what the streams of a query's selectors hold in its time range.
    std::int64_t max_query_bytes_read = 0;
    // Every selector of a query has matchers of these labels, and of at least so many.
    std::vector<std::string> required_labels;
    std::int64_t minimum_labels_number = 0;
    // The first that matches a query decides.
    std::vector<BlockedQuery> blocked_queries;
    // Labels that a stream must have; those of a policy only its streams, of policy "*" all.
    std::vector<std::string> enforced_labels;
    std::map<std::string, std::vector<std::string>> policy_enforced_labels;
    // How long entries are kept; 0: for ever. Of the rules that match a stream the one of the
    // highest priority counts, of these the one of the shortest period.
    Duration retention_period{0};
    std::vector<StreamRetention> retention_stream;
    // disabled, filter-only, filter-and-delete
    std::string deletion_mode = "filter-and-delete";
    // Until then nothing is taken in, of a policy nothing of its streams; "*" is a policy of all.
    Timestamp block_ingestion_until;  // 0: nothing is blocked
    std::map<std::string, Timestamp> block_ingestion_policy_until;
    std::int64_t block_ingestion_status_code = 260;  // 200: what is blocked is dropped silently
    // Which streams are of a policy: the one of the highest priority whose selector matches.
    std::map<std::string, std::vector<PolicySelector>> policy_stream_mapping;
    std::vector<std::string> discover_service_name = {"service",
                                                      "app",
                                                      "application",
                                                      "app_name",
                                                      "name",
                                                      "app_kubernetes_io_name",
                                                      "container",
                                                      "container_name",
                                                      "k8s_container_name",
                                                      "component",
                                                      "workload",
                                                      "job",
                                                      "k8s_job_name"};
    OtlpConfig otlp_config;
    RulerLimits ruler;
};

}  // namespace logi
