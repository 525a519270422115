#include "config/config.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "config/known_keys.h"
#include "config/object_store.h"
#include "config/ruler_keys.h"
#include "config/sections.h"
#include "config/setters.h"

#include <set>

namespace logi::config {
namespace {

// Of a mistyped key.
constexpr std::size_t kShownMax = 100;
// As of bodies over HTTP.
constexpr std::int64_t kMessageBytesMax = 100LL << 20;

Setter set_port_or_auto(std::optional<std::uint16_t>& target) {
    return [&](const YAML::Node& v) {
        target = std::nullopt;
        if (scalar<std::string>(v, "a port number or auto") != "auto") {
            target = scalar<std::uint16_t>(v, "a port number or auto");
        }
    };
}
Setter set_message_size(std::int64_t& target) {
    return [&](const YAML::Node& v) {
        target = checked(v, parse_size(scalar<std::string>(v, "a size such as 4MB")));
        if (target <= 0 || target > kMessageBytesMax) {
            refuse(v, "expected a size of at most 100MB");
        }
    };
}
// 0 would let no call begin.
Setter set_calls(std::uint32_t& target) {
    return [&](const YAML::Node& v) {
        set(target)(v);
        if (target == 0 || target > std::numeric_limits<std::int32_t>::max()) {
            refuse(v, "expected a whole number from 1 on");
        }
    };
}
Setter set_status_code(std::int64_t& target) {
    return [&](const YAML::Node& v) {
        target = scalar<std::int64_t>(v, "a status code");
        if (target < 200 || target > 599) {
            refuse(v, "expected a status code of HTTP, 200 to 599");
        }
    };
}
Setter set_time(Timestamp& target) {
    return [&](const YAML::Node& v) {
        target = checked(v, parse_time(scalar<std::string>(v, "a time")));
    };
}
// A map from texts, of which each value is read by what set_value makes of its place.
template <typename T, typename SetValue>
Setter set_map(std::map<std::string, T>& target, SetValue set_value) {
    return [&target, set_value](const YAML::Node& v) {
        if (!v.IsMap()) {
            refuse(v, "expected a map");
        }
        target.clear();
        for (const auto& item : v) {
            set_value(target[scalar<std::string>(item.first, "a key")])(item.second);
        }
    };
}
// Any negative one means the same.
Setter set_threshold(Duration& target) {
    return [&](const YAML::Node& v) {
        const auto text = scalar<std::string>(v, "a duration such as 10s or -1s");
        const bool negative = text.starts_with('-');
        const Duration magnitude = checked(v, parse_duration(text.substr(negative ? 1 : 0)));
        target = negative && magnitude.ns > 0 ? Duration{-kNanosPerSecond} : magnitude;
    };
}
Setter set_selectors(std::vector<PolicySelector>& target) {
    return [&](const YAML::Node& v) {
        read_list(v, "{selector, priority}", [&](const YAML::Node& item) {
            PolicySelector selector;
            read_keys(item,
                      "a selector of a policy",
                      {{"selector", set(selector.selector)}, {"priority", set(selector.priority)}});
            if (!item["selector"]) {
                refuse(item, "expected {selector, priority}");
            }
            target.push_back(std::move(selector));
        });
    };
}
Setter set_retention(std::vector<StreamRetention>& target) {
    return [&](const YAML::Node& v) {
        target.clear();
        read_list(v, "{selector, priority, period}", [&](const YAML::Node& item) {
            StreamRetention rule;
            read_keys(item,
                      "a rule of retention_stream",
                      {{"selector", set(rule.selector)},
                       {"priority", set(rule.priority)},
                       {"period", set_duration(rule.period)}});
            if (!item["selector"] || !item["period"]) {
                refuse(item, "expected {selector, priority, period}");
            }
            target.push_back(std::move(rule));
        });
    };
}
Setter set_auth_mode(std::string& target) {
    return [&](const YAML::Node& v) {
        target = scalar<std::string>(v, "none, static or mtls");
        if (target != "none" && target != "static" && target != "mtls") {
            refuse(v, "expected none, static or mtls");
        }
    };
}
Setter set_credentials(std::vector<Credential>& target) {
    return [&](const YAML::Node& v) {
        read_list(v,
                  "{name, token or user and password or common_name or san, ...}",
                  [&](const YAML::Node& item) {
                      Credential credential;
                      read_keys(item,
                                "a credential",
                                {{"name", set(credential.name)},
                                 {"token", set(credential.token)},
                                 {"user", set(credential.user)},
                                 {"password", set(credential.password)},
                                 {"common_name", set(credential.common_name)},
                                 {"san", set(credential.san)},
                                 {"tenants", set(credential.tenants)},
                                 {"rights", set(credential.rights)},
                                 {"matcher", set(credential.matcher)}});
                      target.push_back(std::move(credential));
                  });
    };
}
Setter set_rate_strategy(bool& is_local) {
    return [&](const YAML::Node& v) {
        const auto name = scalar<std::string>(v, "global or local");
        if (name != "global" && name != "local") {
            refuse(v, "expected global or local");
        }
        is_local = name == "local";
    };
}
Setter set_deletion_mode(std::string& target) {
    return [&](const YAML::Node& v) {
        target = scalar<std::string>(v, "a deletion mode");
        if (target != "disabled" && target != "filter-only" && target != "filter-and-delete") {
            refuse(v, "expected disabled, filter-only or filter-and-delete");
        }
    };
}

}  // namespace

Setters limits_setters(Limits& l) {
    Setters setters = {
        {"ingestion_rate_mb", set(l.ingestion_rate_mb)},
        {"ingestion_burst_size_mb", set(l.ingestion_burst_size_mb)},
        {"max_label_name_length", set_count(l.max_label_name_length)},
        {"max_label_value_length", set_count(l.max_label_value_length)},
        {"max_label_names_per_series", set_count(l.max_label_names_per_series)},
        {"reject_old_samples", set(l.reject_old_samples)},
        {"reject_old_samples_max_age", set_duration(l.reject_old_samples_max_age)},
        {"creation_grace_period", set_duration(l.creation_grace_period)},
        {"max_line_size", set_size(l.max_line_size)},
        {"max_line_size_truncate", set(l.max_line_size_truncate)},
        {"max_line_size_truncate_identifier", set(l.max_line_size_truncate_identifier)},
        {"increment_duplicate_timestamp", set(l.increment_duplicate_timestamp)},
        {"allow_structured_metadata", set(l.allow_structured_metadata)},
        {"max_structured_metadata_size", set_size(l.max_structured_metadata_size)},
        {"max_structured_metadata_entries_count",
         set_count(l.max_structured_metadata_entries_count)},
        {"discover_log_levels", set(l.discover_log_levels)},
        {"log_level_fields", set(l.log_level_fields)},
        {"log_level_from_json_max_depth", set_count(l.log_level_from_json_max_depth)},
        {"max_global_streams_per_user", set_count(l.max_global_streams_per_user)},
        {"max_streams_per_user", set_count(l.max_streams_per_user)},
        {"per_stream_rate_limit", set_size(l.per_stream_rate_limit)},
        {"per_stream_rate_limit_burst", set_size(l.per_stream_rate_limit_burst)},
        {"max_query_series", set_count(l.max_query_series)},
        {"max_query_memory_bytes", set_count(l.max_query_memory_bytes)},
        {"max_entries_limit_per_query", set_count(l.max_entries_limit_per_query)},
        {"max_query_parallelism", set_count(l.max_query_parallelism)},
        {"max_streams_matchers_per_query", set_count(l.max_streams_matchers_per_query)},
        {"max_query_length", set_duration(l.max_query_length)},
        {"max_query_lookback", set_duration(l.max_query_lookback)},
        {"max_query_range", set_duration(l.max_query_range)},
        {"query_timeout", set_duration(l.query_timeout)},
        {"max_concurrent_tail_requests", set_count(l.max_concurrent_tail_requests)},
        {"volume_enabled", set(l.volume_enabled)},
        {"volume_max_series", set_count(l.volume_max_series)},
        {"split_queries_by_interval", set_duration(l.split_queries_by_interval)},
        {"discover_service_name", set(l.discover_service_name)},
        {"otlp_config", set_otlp(l.otlp_config)},
        {"max_query_bytes_read", set_size(l.max_query_bytes_read)},
        {"blocked_queries", set_blocked_queries(l.blocked_queries)},
        {"required_labels", set(l.required_labels)},
        {"minimum_labels_number", set_count(l.minimum_labels_number)},
        {"enforced_labels", set(l.enforced_labels)},
        {"shard_streams.enabled", set(l.shard_streams_enabled)},
        {"discover_generic_fields.fields",
         set_map(l.discover_generic_fields,
                 [](std::vector<std::string>& hints) { return set(hints); })},
        {"policy_enforced_labels",
         set_map(l.policy_enforced_labels,
                 [](std::vector<std::string>& labels) { return set(labels); })},
        {"block_ingestion_until", set_time(l.block_ingestion_until)},
        {"block_ingestion_policy_until", set_map(l.block_ingestion_policy_until, set_time)},
        {"block_ingestion_status_code", set_status_code(l.block_ingestion_status_code)},
        {"retention_period", set_duration(l.retention_period)},
        {"retention_stream", set_retention(l.retention_stream)},
        {"deletion_mode", set_deletion_mode(l.deletion_mode)},
        {"policy_stream_mapping", set_map(l.policy_stream_mapping, set_selectors)},
    };
    setters.merge(ruler_limits_setters(l.ruler));
    return setters;
}

void read_keys(const YAML::Node& node, const std::string& what, const Setters& setters) {
    if (!node.IsMap()) {
        refuse(node, absl::StrCat(what, " must be a map"));
    }
    std::set<std::string> seen;
    for (const auto& item : node) {
        const auto key = scalar<std::string>(item.first, "a key");
        const auto setter = setters.find(key);
        if (setter == setters.end()) {
            std::vector<std::string> known;
            for (const auto& [name, unused] : setters) {
                known.push_back(name);
            }
            refuse(item.first,
                   absl::StrCat(
                       what,
                       " has no key '",
                       absl::CHexEscape(key.substr(0, kShownMax)),
                       "'",
                       known.empty() ? "" : "; did you mean '" + nearest_key(known, key) + "'?"));
        }
        if (!seen.insert(key).second) {
            refuse(item.first, absl::StrCat("key '", key, "' is given twice"));
        }
        setter->second(item.second);
    }
}

void read_list(const YAML::Node& node,
               const std::string& item,
               const std::function<void(const YAML::Node&)>& read) {
    if (!node.IsSequence()) {
        refuse(node, absl::StrCat("expected a list of ", item));
    }
    for (const auto& each : node) {
        read(each);
    }
}

namespace {

// Of a key that is a map itself: its keys' setters have the names "key.inner".
Setters setters_within(const Setters& setters, const std::string& key) {
    const std::string prefix = key + ".";
    Setters inner;
    for (auto it = setters.lower_bound(prefix);
         it != setters.end() && it->first.starts_with(prefix);
         ++it) {
        inner.emplace(it->first.substr(prefix.size()), it->second);
    }
    return inner;
}

}  // namespace

void read_section(const YAML::Node& node,
                  const std::string& section,
                  const Setters& setters,
                  std::vector<std::string>& unused_keys) {
    if (node.IsNull()) {
        return;
    }
    if (!node.IsMap()) {
        refuse(node, absl::StrCat("section '", section, "' must be a map"));
    }
    std::set<std::string> seen;
    for (const auto& item : node) {
        const auto key = scalar<std::string>(item.first, "a key");
        if (!seen.insert(key).second) {
            refuse(item.first, absl::StrCat("key '", key, "' is given twice"));
        }
        const auto setter = setters.find(key);
        if (setter != setters.end()) {
            setter->second(item.second);
            continue;
        }
        if (const Setters inner = setters_within(setters, key); !inner.empty()) {
            read_section(item.second, absl::StrCat(section, ".", key), inner, unused_keys);
            continue;
        }
        const std::vector<std::string>* known = loki_keys(section);
        if (known != nullptr && std::find(known->begin(), known->end(), key) == known->end()) {
            refuse(item.first,
                   absl::StrCat("unknown key '",
                                absl::CHexEscape(key.substr(0, kShownMax)),
                                "'",
                                section.empty() ? "" : " in ",
                                section,
                                "; did you mean '",
                                nearest_key(*known, key),
                                "'?"));
        }
        unused_keys.push_back(section.empty() ? key : absl::StrCat(section, ".", key));
    }
}

namespace {

// The names that keys of runtime_config had before; they count where that names no file.
struct OlderRuntimeConfig {
    std::string files;
    Duration period = Config().runtime_period;

    void apply(Config& config) const {
        if (config.runtime_files.empty() && !files.empty()) {
            config.runtime_files = files;
            config.runtime_period = period;
        }
    }
};

Setters limits_of_all(Config& config, OlderRuntimeConfig& older) {
    Setters setters = limits_setters(config.limits);
    setters["ingestion_rate_strategy"] = set_rate_strategy(config.ingestion_rate_is_local);
    setters["per_tenant_override_config"] = set(older.files);
    setters["per_tenant_override_period"] = set_duration(older.period);
    return setters;
}

// Of its keys only the labels of OTLP have an effect.
Setter set_distributor(Config& config) {
    return [&config](const YAML::Node& node) {
        for (const auto& item : node) {
            const auto key = scalar<std::string>(item.first, "a key");
            const YAML::Node labels =
                key == "otlp_config" && item.second.IsMap()
                    ? item.second["default_resource_attributes_as_index_labels"]
                    : YAML::Node(YAML::NodeType::Undefined);
            if (labels) {
                set(config.limits.otlp_config.default_index_labels)(labels);
            } else {
                config.unused_keys.push_back(absl::StrCat("distributor.", key));
            }
        }
    };
}

Setters top_setters(Config& config, OlderRuntimeConfig& older, LokiStorage& storage) {
    const auto section = [&config](const std::string& name, Setters setters) -> Setter {
        return [&config, name, setters = std::move(setters)](const YAML::Node& node) {
            read_section(node, name, setters, config.unused_keys);
        };
    };
    return {
        {"bucket", set(config.bucket.address)},
        {"cache",
         section("cache",
                 {{"folder", set(config.cache.folder)}, {"bytes", set_size(config.cache.bytes)}})},
        {"auth_enabled", set(config.auth_enabled)},
        {"shutdown_delay", set_duration(config.shutdown_delay)},
        {"tenant_limits_allow_publish", set(config.published_limits)},
        {"server",
         section("server",
                 {{"http_listen_address", set(config.http_listen_address)},
                  {"http_listen_port", set(config.http_listen_port)},
                  {"http_listen_conn_limit", set(config.http_listen_conn_limit)},
                  {"http_server_read_timeout", set_duration(config.http_server_read_timeout)},
                  {"http_server_write_timeout", set_duration(config.http_server_write_timeout)},
                  {"tls", set_tls(config.tls)},
                  {"http_tls_config", set_tls(config.tls)},
                  {"grpc_tls_config", set_tls(config.grpc_tls)},
                  {"tls_min_version", set_tls_min_version(config.only_tls13)},
                  {"otlp_grpc_listen_address", set(config.otlp_grpc_listen_address)},
                  {"otlp_grpc_listen_port", set_port_or_auto(config.otlp_grpc_listen_port)},
                  {"grpc_server_max_recv_msg_size",
                   set_message_size(config.grpc_server_max_recv_msg_size)},
                  {"grpc_server_max_concurrent_streams",
                   set_calls(config.grpc_server_max_concurrent_streams)},
                  {"graceful_shutdown_timeout", set_duration(config.graceful_shutdown_timeout)},
                  {"log_format", set_log_format(config.log_format)},
                  {"log_level", set_log_level(config.log_level)},
                  {"metrics_tenants_max", set(config.metrics_tenants_max)}})},
        {"ingester",
         section("ingester", {{"shutdown_marker_path", set(config.shutdown_marker_path)}})},
        {"common",
         section("common",
                 {{"path_prefix", set(config.data_dir)},
                  {"storage", set_common_storage(storage, config.unused_keys)}})},
        {"storage_config", set_storage_config(storage, config.unused_keys)},
        {"schema_config", set_schema_config(storage, config.unused_keys)},
        {"compactor",
         section(
             "compactor",
             {{"compaction_interval", set_duration(config.compaction_interval)},
              {"retention_enabled", set(config.retention_enabled)},
              {"delete_request_cancel_period", set_duration(config.delete_request_cancel_period)},
              {"delete_max_interval", set_duration(config.delete_max_interval)}})},
        {"auth",
         section("auth",
                 {{"mode", set_auth_mode(config.auth.mode)},
                  {"credentials", set_credentials(config.auth.credentials)}})},
        {"cluster", set_cluster(config.cluster)},
        {"querier",
         section("querier",
                 {{"journals_bytes_max", set_size(config.journals_bytes_max)},
                  {"tail_max_duration", set_duration(config.tail_max_duration)},
                  {"multi_tenant_queries_enabled", set(config.multi_tenant_queries_enabled)},
                  {"split_piece_size", set_size(config.split_piece_size)}})},
        {"frontend",
         section("frontend",
                 {{"compress_responses", set(config.compress_responses)},
                  {"log_queries_longer_than", set_threshold(config.log_queries_longer_than)},
                  {"max_outstanding_per_tenant", set(config.max_outstanding_per_tenant)}})},
        {"query_scheduler",
         section("query_scheduler",
                 {{"max_outstanding_requests_per_tenant",
                   set(config.max_outstanding_requests_per_tenant)}})},
        {"ruler", section("ruler", ruler_setters(config.ruler, config.unused_keys))},
        {"ruler_storage", set_ruler_storage(config.ruler, config.unused_keys)},
        {"limits_config", section("limits_config", limits_of_all(config, older))},
        {"distributor", set_distributor(config)},
        {"runtime_config",
         section("runtime_config",
                 {{"file", set(config.runtime_files)},
                  {"period", set_duration(config.runtime_period)}})},
    };
}

}  // namespace

Status read_yaml(const std::string& text,
                 const std::string& file_name,
                 const std::function<void(const YAML::Node& root)>& read) {
    try {
        read(YAML::Load(text));
    } catch (const BadConfig& e) {
        return absl::InvalidArgumentError(absl::StrCat(file_name, ":", e.line, ": ", e.message));
    } catch (const YAML::Exception& e) {
        return absl::InvalidArgumentError(
            absl::StrCat(file_name, ":", e.mark.line + 1, ": ", absl::CHexEscape(e.msg)));
    }
    return absl::OkStatus();
}

namespace {

bool takes_certificates(const Config& config) {
    const auto& grpc = config.grpc_tls.has_value() ? config.grpc_tls : config.tls;
    return config.tls.has_value() && config.tls->client_auth != ClientAuth::kNone &&
           grpc->client_auth != ClientAuth::kNone;
}

}  // namespace

StatusOr<Config> load(const std::string& text, const std::string& file_name) {
    Config config;
    LOGI_RETURN_IF_ERROR(read_yaml(text, file_name, [&](const YAML::Node& root) {
        OlderRuntimeConfig older;
        LokiStorage storage;
        read_section(root, "", top_setters(config, older, storage), config.unused_keys);
        older.apply(config);
        storage.apply(config.bucket);
    }));
    if (config.auth.mode == "mtls" && !takes_certificates(config)) {
        return absl::InvalidArgumentError(absl::StrCat(
            file_name, ": auth.mode mtls needs server.tls with a client_ca_file, also for gRPC"));
    }
    return config;
}

}  // namespace logi::config
