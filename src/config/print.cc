// The configuration as YAML.
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/rfc3339.h"
#include "config/config.h"
#include "config/sections.h"

#include <yaml-cpp/yaml.h>

#include <map>
#include <set>

namespace logi::config {
namespace {

std::string yaml_text(const std::string& text) {
    YAML::Emitter out;
    out << YAML::DoubleQuoted << text;
    return out.c_str();
}

// A list of texts in one line, each quoted.
std::string yaml_list(const std::vector<std::string>& texts) {
    YAML::Emitter out;
    out << YAML::Flow << YAML::DoubleQuoted << texts;
    return out.c_str();
}

std::string yaml_time(Timestamp time) {
    return time.ns == 0 ? "0" : yaml_text(format_rfc3339(time));
}

// Items in one line between brackets.
template <typename Items, typename Text>
std::string yaml_joined(const Items& items, const char* brackets, Text text_of) {
    std::string out(1, brackets[0]);
    for (const auto& item : items) {
        absl::StrAppend(&out, out.size() == 1 ? "" : ", ", text_of(item));
    }
    return absl::StrCat(out, std::string(1, brackets[1]));
}

// A map in one line.
template <typename T, typename Text>
std::string yaml_map(const std::map<std::string, T>& map, Text text_of) {
    return yaml_joined(map, "{}", [&](const auto& item) {
        return absl::StrCat(yaml_text(item.first), ": ", text_of(item.second));
    });
}

std::string yaml_selectors(const std::vector<PolicySelector>& selectors) {
    return yaml_joined(selectors, "[]", [](const PolicySelector& s) {
        return absl::StrCat("{selector: ", yaml_text(s.selector), ", priority: ", s.priority, "}");
    });
}

std::string yaml_retention(const std::vector<StreamRetention>& rules) {
    return yaml_joined(rules, "[]", [](const StreamRetention& rule) {
        return absl::StrCat("{selector: ",
                            yaml_text(rule.selector),
                            ", priority: ",
                            rule.priority,
                            ", period: ",
                            format_duration(rule.period),
                            "}");
    });
}

std::string yaml_blocked_queries(const std::vector<BlockedQuery>& rules) {
    return yaml_joined(rules, "[]", [](const BlockedQuery& rule) {
        return absl::StrCat("{pattern: ",
                            yaml_text(rule.pattern),
                            ", regex: ",
                            rule.regex ? "true" : "false",
                            ", hash: ",
                            rule.hash,
                            ", types: ",
                            yaml_list(rule.types),
                            ", query_tags: ",
                            yaml_map(rule.query_tags, yaml_text),
                            "}");
    });
}

// Without what could be guessed from: hashes are not shown.
std::string yaml_certificate(const Credential& credential) {
    return absl::StrCat(
        credential.common_name.empty() ? "" : ", common_name: " + yaml_text(credential.common_name),
        credential.san.empty() ? "" : ", san: " + yaml_text(credential.san));
}

std::string yaml_tls(const std::optional<ServerTls>& tls) {
    return !tls.has_value() ? "null"
                            : absl::StrCat("{cert_file: ",
                                           yaml_text(tls->cert_file),
                                           ", key_file: ",
                                           yaml_text(tls->key_file),
                                           ", client_ca_file: ",
                                           yaml_text(tls->client_ca_file),
                                           ", client_auth_type: ",
                                           name_of(tls->client_auth),
                                           "}");
}

std::string yaml_credentials(const std::vector<Credential>& credentials) {
    return yaml_joined(credentials, "[]", [](const Credential& credential) {
        return absl::StrCat("{name: ",
                            yaml_text(credential.name),
                            yaml_certificate(credential),
                            ", tenants: ",
                            yaml_list(credential.tenants),
                            ", rights: ",
                            yaml_list(credential.rights),
                            ", matcher: ",
                            yaml_text(credential.matcher),
                            "}");
    });
}

const char* action_name(OtlpAction action) {
    switch (action) {
        case OtlpAction::kIndexLabel:
            return "index_label";
        case OtlpAction::kStructuredMetadata:
            return "structured_metadata";
        case OtlpAction::kDrop:
            return "drop";
    }
    return "";
}

std::string yaml_otlp_rules(const std::vector<OtlpAttributeRule>& rules) {
    return yaml_joined(rules, "[]", [](const OtlpAttributeRule& rule) {
        return absl::StrCat("{action: ",
                            action_name(rule.action),
                            rule.regex.empty() ? ", attributes: " : ", regex: ",
                            rule.regex.empty() ? yaml_list(rule.attributes) : yaml_text(rule.regex),
                            "}");
    });
}

std::string yaml_otlp(const OtlpConfig& otlp) {
    const auto flag = [](bool b) {
        return b ? "true" : "false";
    };
    return absl::StrCat("{resource_attributes: {ignore_defaults: ",
                        flag(otlp.ignore_resource_defaults),
                        ", attributes_config: ",
                        yaml_otlp_rules(otlp.resource_attributes),
                        "}, scope_attributes: ",
                        yaml_otlp_rules(otlp.scope_attributes),
                        ", log_attributes: ",
                        yaml_otlp_rules(otlp.log_attributes),
                        ", severity_text_as_label: ",
                        flag(otlp.severity_text_as_label),
                        "}");
}

std::string yaml_relabel(const std::vector<RelabelOptions>& rules) {
    return yaml_joined(rules, "[]", [](const RelabelOptions& rule) {
        return absl::StrCat("{action: ",
                            yaml_text(rule.action),
                            ", source_labels: ",
                            yaml_list(rule.source_labels),
                            ", separator: ",
                            yaml_text(rule.separator),
                            ", regex: ",
                            yaml_text(rule.regex),
                            ", modulus: ",
                            rule.modulus,
                            ", target_label: ",
                            yaml_text(rule.target_label),
                            ", replacement: ",
                            yaml_text(rule.replacement),
                            "}");
    });
}

// Without what proves who asks.
std::vector<std::pair<std::string, std::string>> alertmanager_keys(const AlertmanagerConfig& c) {
    return {{"alertmanager_url", yaml_text(absl::StrJoin(c.urls, ","))},
            {"notification_queue_capacity", absl::StrCat(c.queue_capacity)},
            {"notification_timeout", format_duration(c.timeout)},
            {"alert_relabel_configs", yaml_relabel(c.relabel)},
            {"external_labels", yaml_map(c.external_labels, yaml_text)}};
}

std::string yaml_alertmanager(const std::optional<AlertmanagerConfig>& config) {
    return !config.has_value() ? "{}"
                               : yaml_joined(alertmanager_keys(*config), "{}", [](const auto& key) {
                                     return absl::StrCat(key.first, ": ", key.second);
                                 });
}

// The same.
std::string yaml_clients(const std::map<std::string, RemoteWriteClient>& clients) {
    return yaml_map(clients, [](const RemoteWriteClient& c) {
        return absl::StrCat("{url: ",
                            yaml_text(c.url),
                            ", remote_timeout: ",
                            format_duration(c.timeout),
                            ", write_relabel_configs: ",
                            yaml_relabel(c.relabel),
                            ", queue_config: {max_samples_per_send: ",
                            c.samples_per_send_max,
                            ", min_backoff: ",
                            format_duration(c.backoff_min),
                            ", max_backoff: ",
                            format_duration(c.backoff_max),
                            ", retry_on_http_429: ",
                            c.retry_on_429 ? "true" : "false",
                            "}}");
    });
}

// The section, its lines after the first.
std::string yaml_ruler(const Ruler& ruler) {
    const auto flag = [](bool b) {
        return b ? "true" : "false";
    };
    const auto joined = [](const std::set<std::string>& names) {
        return yaml_text(absl::StrJoin(names, ","));
    };
    std::vector<std::pair<std::string, std::string>> keys = {
        {"enable_api", flag(ruler.enable_api)},
        {"storage",
         ruler.rules_folder.empty()
             ? "{}"
             : absl::StrCat(
                   "{type: local, local: {directory: ", yaml_text(ruler.rules_folder), "}}")},
        {"evaluation_interval", format_duration(ruler.evaluation_interval)},
        {"poll_interval", format_duration(ruler.poll_interval)},
        {"resend_delay", format_duration(ruler.resend_delay)},
        {"for_outage_tolerance", format_duration(ruler.for_outage_tolerance)},
        {"enabled_tenants", joined(ruler.enabled_tenants)},
        {"disabled_tenants", joined(ruler.disabled_tenants)},
        {"external_url", yaml_text(ruler.external_url)},
        {"datasource_uid", yaml_text(ruler.datasource_uid)},
        {"disable_rule_group_label", flag(ruler.disable_rule_group_label)},
        {"remote_write",
         absl::StrCat("{enabled: ",
                      flag(ruler.remote_write_enabled),
                      ", add_org_id_header: ",
                      flag(ruler.add_org_id_header),
                      ", clients: ",
                      yaml_clients(ruler.remote_write),
                      "}")}};
    const auto alertmanager = alertmanager_keys(ruler.alertmanager);
    keys.insert(keys.end(), alertmanager.begin(), alertmanager.end());
    return absl::StrJoin(keys, "", [](std::string* out, const auto& key) {
        absl::StrAppend(out, "\n  ", key.first, ": ", key.second);
    });
}

std::vector<std::string> lines_of(const std::string& text) {
    return absl::StrSplit(text, '\n', absl::SkipEmpty());
}

std::string all_limits(const Limits& l) {
    const auto flag = [](bool b) {
        return b ? "true" : "false";
    };
    std::string out;
    const auto add = [&](const char* key, const auto& value) {
        absl::StrAppend(&out, key, ": ", value, "\n");
    };
    add("ingestion_rate_mb", l.ingestion_rate_mb);
    add("ingestion_burst_size_mb", l.ingestion_burst_size_mb);
    add("max_label_name_length", l.max_label_name_length);
    add("max_label_value_length", l.max_label_value_length);
    add("max_label_names_per_series", l.max_label_names_per_series);
    add("reject_old_samples", flag(l.reject_old_samples));
    add("reject_old_samples_max_age", format_duration(l.reject_old_samples_max_age));
    add("creation_grace_period", format_duration(l.creation_grace_period));
    add("max_line_size", l.max_line_size);
    add("max_line_size_truncate", flag(l.max_line_size_truncate));
    add("increment_duplicate_timestamp", flag(l.increment_duplicate_timestamp));
    add("allow_structured_metadata", flag(l.allow_structured_metadata));
    add("max_structured_metadata_size", l.max_structured_metadata_size);
    add("max_structured_metadata_entries_count", l.max_structured_metadata_entries_count);
    add("discover_log_levels", flag(l.discover_log_levels));
    add("log_level_fields", yaml_list(l.log_level_fields));
    add("log_level_from_json_max_depth", l.log_level_from_json_max_depth);
    add("max_global_streams_per_user", l.max_global_streams_per_user);
    add("max_streams_per_user", l.max_streams_per_user);
    add("per_stream_rate_limit", l.per_stream_rate_limit);
    add("per_stream_rate_limit_burst", l.per_stream_rate_limit_burst);
    add("max_query_series", l.max_query_series);
    add("max_query_memory_bytes", l.max_query_memory_bytes);
    add("max_entries_limit_per_query", l.max_entries_limit_per_query);
    add("max_query_parallelism", l.max_query_parallelism);
    add("max_streams_matchers_per_query", l.max_streams_matchers_per_query);
    add("max_query_length", format_duration(l.max_query_length));
    add("max_query_lookback", format_duration(l.max_query_lookback));
    add("max_query_range", format_duration(l.max_query_range));
    add("query_timeout", format_duration(l.query_timeout));
    add("max_concurrent_tail_requests", l.max_concurrent_tail_requests);
    add("split_queries_by_interval", format_duration(l.split_queries_by_interval));
    add("volume_enabled", flag(l.volume_enabled));
    add("volume_max_series", l.volume_max_series);
    add("max_line_size_truncate_identifier", yaml_text(l.max_line_size_truncate_identifier));
    add("discover_service_name", yaml_list(l.discover_service_name));
    add("otlp_config", yaml_otlp(l.otlp_config));
    add("max_query_bytes_read", l.max_query_bytes_read);
    add("blocked_queries", yaml_blocked_queries(l.blocked_queries));
    add("shard_streams", absl::StrCat("{enabled: ", flag(l.shard_streams_enabled), "}"));
    add("discover_generic_fields",
        absl::StrCat("{fields: ", yaml_map(l.discover_generic_fields, yaml_list), "}"));
    add("required_labels", yaml_list(l.required_labels));
    add("minimum_labels_number", l.minimum_labels_number);
    add("enforced_labels", yaml_list(l.enforced_labels));
    add("policy_enforced_labels", yaml_map(l.policy_enforced_labels, yaml_list));
    add("block_ingestion_until", yaml_time(l.block_ingestion_until));
    add("block_ingestion_policy_until", yaml_map(l.block_ingestion_policy_until, yaml_time));
    add("block_ingestion_status_code", l.block_ingestion_status_code);
    add("retention_period", format_duration(l.retention_period));
    add("retention_stream", yaml_retention(l.retention_stream));
    add("deletion_mode", l.deletion_mode);
    add("policy_stream_mapping", yaml_map(l.policy_stream_mapping, yaml_selectors));
    add("ruler_max_rules_per_rule_group", l.ruler.rules_per_group_max);
    add("ruler_max_rule_groups_per_tenant", l.ruler.groups_max);
    add("ruler_alertmanager_config", yaml_alertmanager(l.ruler.alertmanager));
    add("ruler_remote_write_disabled", flag(l.ruler.remote_write_disabled));
    add("ruler_remote_write_config", yaml_clients(l.ruler.remote_write));
    return out;
}

}  // namespace

std::map<std::string, double> numeric_limits(const Limits& limits) {
    std::map<std::string, double> out;
    for (const std::string& line : lines_of(all_limits(limits))) {
        const std::pair<std::string, std::string> item =
            absl::StrSplit(line, absl::MaxSplits(": ", 1));
        double value = 0;
        if (item.second == "true" || item.second == "false") {
            out[item.first] = item.second == "true" ? 1 : 0;
        } else if (absl::SimpleAtod(item.second, &value)) {
            out[item.first] = value;
        } else if (const auto duration = parse_duration(item.second); duration.ok()) {
            out[item.first] = static_cast<double>(duration->ns) / 1e9;
        }
    }
    return out;
}

std::string limits_to_yaml(const Limits& limits, const std::vector<std::string>& keys) {
    std::string out;
    for (const std::string& line : lines_of(all_limits(limits))) {
        if (std::find(keys.begin(), keys.end(), line.substr(0, line.find(':'))) != keys.end()) {
            absl::StrAppend(&out, line, "\n");
        }
    }
    return out;
}

std::string to_yaml(const Config& c) {
    std::string out = absl::StrCat(
        "auth_enabled: ",
        c.auth_enabled ? "true" : "false",
        "\nbucket: ",
        yaml_text(c.bucket.address),
        "\ncache:\n  folder: ",
        yaml_text(c.cache.folder),
        "\n  bytes: ",
        c.cache.bytes,
        "\nauth:\n  mode: ",
        c.auth.mode,
        "\n  credentials: ",
        yaml_credentials(c.auth.credentials),
        "\ncluster:\n  listen_address: ",
        yaml_text(c.cluster.listen_address),
        "\n  listen_port: ",
        c.cluster.listen_port,
        "\n  advertise_address: ",
        yaml_text(c.cluster.advertise_address),
        "\n  secret_file: ",
        yaml_text(c.cluster.secret_file),
        "\n  tls_config: ",
        yaml_tls(c.cluster.tls),
        "\n  tls_server_name: ",
        yaml_text(c.cluster.tls_server_name),
        "\nshutdown_delay: ",
        format_duration(c.shutdown_delay),
        "\ntenant_limits_allow_publish: ",
        yaml_list(c.published_limits),
        "\nserver:\n  http_listen_address: ",
        yaml_text(c.http_listen_address),
        "\n  http_listen_port: ",
        c.http_listen_port,
        "\n  http_listen_conn_limit: ",
        c.http_listen_conn_limit,
        "\n  http_server_read_timeout: ",
        format_duration(c.http_server_read_timeout),
        "\n  http_server_write_timeout: ",
        format_duration(c.http_server_write_timeout),
        "\n  http_tls_config: ",
        yaml_tls(c.tls),
        "\n  grpc_tls_config: ",
        yaml_tls(c.grpc_tls),
        "\n  tls_min_version: ",
        c.only_tls13 ? "VersionTLS13" : "VersionTLS12",
        "\n  otlp_grpc_listen_address: ",
        yaml_text(c.otlp_grpc_listen_address),
        "\n  otlp_grpc_listen_port: ",
        c.otlp_grpc_listen_port.has_value() ? std::to_string(*c.otlp_grpc_listen_port) : "auto",
        "\n  grpc_server_max_recv_msg_size: ",
        c.grpc_server_max_recv_msg_size,
        "\n  grpc_server_max_concurrent_streams: ",
        c.grpc_server_max_concurrent_streams,
        "\n  graceful_shutdown_timeout: ",
        format_duration(c.graceful_shutdown_timeout),
        "\n  log_format: ",
        c.log_format,
        "\n  log_level: ",
        c.log_level,
        "\n  metrics_tenants_max: ",
        c.metrics_tenants_max,
        "\ncommon:\n  path_prefix: ",
        c.data_dir,
        "\ningester:\n  shutdown_marker_path: ",
        yaml_text(c.shutdown_marker_path),
        "\ncompactor:\n  compaction_interval: ",
        format_duration(c.compaction_interval),
        "\n  retention_enabled: ",
        c.retention_enabled ? "true" : "false",
        "\n  delete_request_cancel_period: ",
        format_duration(c.delete_request_cancel_period),
        "\n  delete_max_interval: ",
        format_duration(c.delete_max_interval),
        "\nquerier:\n  journals_bytes_max: ",
        c.journals_bytes_max,
        "\n  tail_max_duration: ",
        format_duration(c.tail_max_duration),
        "\n  multi_tenant_queries_enabled: ",
        c.multi_tenant_queries_enabled ? "true" : "false",
        "\n  split_piece_size: ",
        c.split_piece_size,
        "\nfrontend:\n  compress_responses: ",
        c.compress_responses ? "true" : "false",
        "\n  log_queries_longer_than: ",
        c.log_queries_longer_than.ns < 0 ? "-1s" : format_duration(c.log_queries_longer_than),
        "\n  max_outstanding_per_tenant: ",
        c.max_outstanding_per_tenant,
        "\nquery_scheduler:\n  max_outstanding_requests_per_tenant: ",
        c.max_outstanding_requests_per_tenant,
        "\nruler:",
        yaml_ruler(c.ruler),
        "\nruntime_config:\n  file: ",
        yaml_text(c.runtime_files),
        "\n  period: ",
        format_duration(c.runtime_period),
        "\ndistributor:\n  otlp_config: "
        "{default_resource_attributes_as_index_labels: ",
        yaml_list(c.limits.otlp_config.default_index_labels),
        "}\nlimits_config:\n  ingestion_rate_strategy: ",
        c.ingestion_rate_is_local ? "local" : "global",
        "\n");
    for (const std::string& line : lines_of(all_limits(c.limits))) {
        absl::StrAppend(&out, "  ", line, "\n");
    }
    return out;
}

// Both texts have the same lines but for their values.
std::string diff_to_yaml(const Config& config) {
    const std::vector<std::string> lines = lines_of(to_yaml(config));
    const std::vector<std::string> defaults = lines_of(to_yaml(Config()));
    std::string out;
    std::string section;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        const bool in_section = lines[i].starts_with(' ');
        section = !in_section && lines[i].ends_with(':') ? lines[i] : section;
        if (lines[i] == defaults[i]) {
            continue;
        }
        if (in_section && !section.empty()) {
            absl::StrAppend(&out, section, "\n");
            section.clear();
        }
        absl::StrAppend(&out, lines[i], "\n");
    }
    return out.empty() ? "{}\n" : out;
}

}  // namespace logi::config
