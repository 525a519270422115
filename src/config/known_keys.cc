#include "config/known_keys.h"

#include <algorithm>

namespace logi::config {
namespace {

// Loki's top-level sections and keys.
const std::vector<std::string> kTop = {"analytics",
                                       "auth",  // Logi's own
                                       "auth_enabled",
                                       "ballast_bytes",
                                       "bucket",
                                       "cache",
                                       "bloom_build",
                                       "bloom_gateway",
                                       "chunk_store_config",
                                       "cluster",  // Logi's own
                                       "common",
                                       "compactor",
                                       "dataobj",
                                       "distributor",
                                       "frontend",
                                       "frontend_worker",
                                       "index_gateway",
                                       "ingest_limits",
                                       "ingest_limits_frontend",
                                       "ingester",
                                       "ingester_client",
                                       "kafka_config",
                                       "limits_config",
                                       "memberlist",
                                       "metrics_namespace",
                                       "operational_config",
                                       "pattern_ingester",
                                       "profiling",
                                       "querier",
                                       "query_engine",
                                       "query_range",
                                       "query_scheduler",
                                       "ruler",
                                       "ruler_storage",
                                       "runtime_config",
                                       "schema_config",
                                       "server",
                                       "shutdown_delay",
                                       "storage_config",
                                       "table_manager",
                                       "target",
                                       "tenant_limits_allow_publish",
                                       "tracing",
                                       "ui"};

const std::vector<std::string> kServer = {"cluster_validation",
                                          "graceful_shutdown_timeout",
                                          "grpc_listen_address",
                                          "grpc_listen_port",
                                          "grpc_server_max_concurrent_streams",
                                          "grpc_server_max_recv_msg_size",
                                          "grpc_server_max_send_msg_size",
                                          "grpc_tls_config",
                                          "http_listen_address",
                                          "http_listen_conn_limit",
                                          "http_listen_network",
                                          "http_listen_port",
                                          "http_path_prefix",
                                          "http_server_idle_timeout",
                                          "http_server_read_header_timeout",
                                          "http_server_read_timeout",
                                          "http_server_write_timeout",
                                          "http_tls_config",
                                          "log_format",
                                          "log_level",
                                          "log_request_headers",
                                          "log_source_ips_enabled",
                                          "metrics_tenants_max",
                                          "otlp_grpc_listen_address",
                                          "otlp_grpc_listen_port",
                                          "register_instrumentation",
                                          "tls",
                                          "tls_cipher_suites",
                                          "tls_min_version"};

const std::vector<std::string> kAuth = {"credentials", "mode"};

const std::vector<std::string> kCommon = {"compactor_address",
                                          "compactor_grpc_address",
                                          "instance_addr",
                                          "instance_interface_names",
                                          "path_prefix",
                                          "persist_tokens",
                                          "replication_factor",
                                          "ring",
                                          "storage"};

const std::vector<std::string> kCompactor = {"apply_retention_interval",
                                             "backup_delete_request_store_db_type",
                                             "compaction_interval",
                                             "compactor_ring",
                                             "delete_batch_size",
                                             "delete_max_interval",
                                             "delete_request_cancel_period",
                                             "delete_request_store",
                                             "delete_request_store_db_type",
                                             "delete_request_store_key_prefix",
                                             "horizontal_scaling_mode",
                                             "jobs_config",
                                             "max_compaction_parallelism",
                                             "retention_backoff_config",
                                             "retention_delete_delay",
                                             "retention_delete_worker_count",
                                             "retention_enabled",
                                             "retention_table_timeout",
                                             "skip_latest_n_tables",
                                             "tables_to_compact",
                                             "upload_parallelism",
                                             "worker_config",
                                             "working_directory"};

const std::vector<std::string> kRuntimeConfig = {"file", "period"};

// Of the files that it names.
const std::vector<std::string> kRuntime = {"configs", "multi_kv_config", "overrides"};

const std::vector<std::string> kLimits = {
    "allow_deletes",
    "allow_structured_metadata",
    "block_ingestion_policy_until",
    "block_ingestion_status_code",
    "block_ingestion_until",
    "blocked_queries",
    "bloom_block_encoding",
    "bloom_build_builder_response_timeout",
    "bloom_build_max_builders",
    "bloom_build_task_max_retries",
    "bloom_creation_enabled",
    "bloom_gateway_enable_filtering",
    "bloom_max_block_size",
    "bloom_max_bloom_size",
    "bloom_planning_strategy",
    "bloom_prefetch_blocks",
    "bloom_split_series_keyspace_by",
    "bloom_task_target_series_chunk_size",
    "cardinality_limit",
    "creation_grace_period",
    "debug_engine_streams",
    "debug_engine_tasks",
    "deletion_mode",
    "discover_generic_fields",
    "discover_log_levels",
    "discover_service_name",
    "enable_multi_variant_queries",
    "enforced_labels",
    "engine_results_cache_time_bucket_interval",
    "increment_duplicate_timestamp",
    "index_gateway_max_capacity",
    "index_gateway_shard_size",
    "ingestion_burst_size_mb",
    "ingestion_partitions_tenant_shard_size",
    "ingestion_rate_mb",
    "ingestion_rate_strategy",
    "log_level_fields",
    "log_level_from_json_max_depth",
    "max_cache_freshness_per_query",
    "max_chunks_per_query",
    "max_concurrent_tail_requests",
    "max_entries_limit_per_query",
    "max_global_streams_per_user",
    "max_label_name_length",
    "max_label_names_per_series",
    "max_label_value_length",
    "max_line_size",
    "max_line_size_truncate",
    "max_line_size_truncate_identifier",
    "max_metadata_cache_freshness",
    "max_querier_bytes_read",
    "max_queriers_per_tenant",
    "max_query_bytes_read",
    "max_query_capacity",
    "max_query_length",
    "max_query_lookback",
    "max_query_parallelism",
    "max_query_range",
    "max_query_series",
    "max_scan_task_parallelism",
    "max_stats_cache_freshness",
    "max_streams_matchers_per_query",
    "max_streams_per_user",
    "max_structured_metadata_entries_count",
    "max_structured_metadata_size",
    "metric_aggregation_enabled",
    "min_sharding_lookback",
    "minimum_labels_number",
    "otlp_config",
    "pattern_ingester_tokenizable_json_fields_append",
    "pattern_ingester_tokenizable_json_fields_default",
    "pattern_ingester_tokenizable_json_fields_delete",
    "pattern_persistence_enabled",
    "pattern_persistence_granularity",
    "pattern_rate_threshold",
    "per_stream_rate_limit",
    "per_stream_rate_limit_burst",
    "per_tenant_override_config",
    "per_tenant_override_period",
    "policy_enforced_labels",
    "policy_override_limits",
    "policy_stream_mapping",
    "query_ready_index_num_days",
    "query_timeout",
    "recent_metadata_query_window",
    "reject_old_samples",
    "reject_old_samples_max_age",
    "required_labels",
    "retention_period",
    "retention_stream",
    "ruler_alertmanager_config",
    "ruler_enable_wal_replay",
    "ruler_max_rule_groups_per_tenant",
    "ruler_max_rules_per_rule_group",
    "ruler_remote_evaluation_max_response_size",
    "ruler_remote_evaluation_timeout",
    "ruler_remote_write_config",
    "ruler_remote_write_disabled",
    "ruler_remote_write_headers",
    "ruler_remote_write_queue_batch_send_deadline",
    "ruler_remote_write_queue_capacity",
    "ruler_remote_write_queue_max_backoff",
    "ruler_remote_write_queue_max_samples_per_send",
    "ruler_remote_write_queue_max_shards",
    "ruler_remote_write_queue_min_backoff",
    "ruler_remote_write_queue_min_shards",
    "ruler_remote_write_queue_retry_on_ratelimit",
    "ruler_remote_write_relabel_configs",
    "ruler_remote_write_sigv4_config",
    "ruler_remote_write_timeout",
    "ruler_remote_write_url",
    "ruler_tenant_shard_size",
    "s3_sse_kms_encryption_context",
    "s3_sse_kms_key_id",
    "s3_sse_type",
    "shard_aggregations",
    "shard_streams",
    "simulated_push_latency",
    "split_ingester_queries_by_interval",
    "split_instant_metric_queries_by_interval",
    "split_metadata_queries_by_interval",
    "split_queries_by_interval",
    "split_recent_metadata_queries_by_interval",
    "tsdb_max_bytes_per_shard",
    "tsdb_max_query_parallelism",
    "tsdb_precompute_chunks",
    "tsdb_sharding_strategy",
    "unordered_writes",
    "use_owned_stream_count",
    "volume_enabled",
    "volume_max_series",
};

const std::vector<std::string> kRuler = {"alert_relabel_configs",
                                         "alertmanager_client",
                                         "alertmanager_discovery",
                                         "alertmanager_refresh_interval",
                                         "alertmanager_url",
                                         "datasource_uid",
                                         "disable_rule_group_label",
                                         "disabled_tenants",
                                         "enable_alertmanager_discovery",
                                         "enable_alertmanager_v2",
                                         "enable_api",
                                         "enable_sharding",
                                         "enabled_tenants",
                                         "evaluation",
                                         "evaluation_interval",
                                         "external_labels",
                                         "external_url",
                                         "flush_period",
                                         "for_grace_period",
                                         "for_outage_tolerance",
                                         "notification_queue_capacity",
                                         "notification_timeout",
                                         "poll_interval",
                                         "query_stats_enabled",
                                         "remote_write",
                                         "resend_delay",
                                         "ring",
                                         "rule_path",
                                         "ruler_client",
                                         "search_pending_for",
                                         "sharding_algo",
                                         "sharding_strategy",
                                         "storage",
                                         "wal",
                                         "wal_cleaner"};

const std::vector<std::string> kShardStreams = {"desired_rate",
                                                "enabled",
                                                "logging_enabled",
                                                "time_sharding_enabled",
                                                "time_sharding_ignore_recent"};

const std::vector<std::string> kGenericFields = {"fields"};

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) {
        row[j] = j;
    }
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t above = row[j];
            row[j] =
                std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0U : 1U)});
            diagonal = above;
        }
    }
    return row[b.size()];
}

}  // namespace

const std::vector<std::string>* loki_keys(std::string_view section) {
    if (section.empty()) {
        return &kTop;
    }
    if (section == "server") {
        return &kServer;
    }
    if (section == "auth") {
        return &kAuth;
    }
    if (section == "common") {
        return &kCommon;
    }
    if (section == "compactor") {
        return &kCompactor;
    }
    if (section == "ruler") {
        return &kRuler;
    }
    if (section == "runtime_config") {
        return &kRuntimeConfig;
    }
    if (section == "runtime") {
        return &kRuntime;
    }
    if (section.ends_with(".shard_streams")) {
        return &kShardStreams;
    }
    if (section.ends_with(".discover_generic_fields")) {
        return &kGenericFields;
    }
    return section == "limits_config" || section == "overrides" ? &kLimits : nullptr;
}

std::string nearest_key(const std::vector<std::string>& keys, std::string_view key) {
    constexpr std::size_t kKeyBytesMax = 100;
    key = key.substr(0, kKeyBytesMax);
    return *std::min_element(keys.begin(), keys.end(), [&](const auto& a, const auto& b) {
        return edit_distance(a, key) < edit_distance(b, key);
    });
}

}  // namespace logi::config
