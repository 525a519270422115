// The sections ruler and ruler_storage.
#include "config/ruler_keys.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "config/setters.h"

#include <algorithm>
#include <optional>

namespace logi::config {
namespace {

// Of ruler.storage and ruler_storage, which name the kind of store by another key.
Setter set_storage(const std::string& section,
                   const std::string& kind_key,
                   Ruler& ruler,
                   std::vector<std::string>& unused_keys) {
    return [&ruler, &unused_keys, section, kind_key](const YAML::Node& node) {
        std::string kind;
        std::string folder;
        const auto local = [&](const YAML::Node& v) {
            read_section(v, section + ".local", {{"directory", set(folder)}}, unused_keys);
        };
        read_section(node, section, {{kind_key, set(kind)}, {"local", local}}, unused_keys);
        if (kind != "local") {
            return;  // all other stores of Loki are Logi's bucket
        }
        if (folder.empty()) {
            refuse(node, absl::StrCat(section, " of the kind local needs local.directory"));
        }
        ruler.rules_folder = folder;
    };
}

}  // namespace

namespace {

// Two names of a tenant are joined by a comma, or a list has them.
Setter set_tenants(std::set<std::string>& target) {
    return [&target](const YAML::Node& v) {
        std::vector<std::string> names;
        if (v.IsSequence()) {
            set(names)(v);
        } else {
            names = absl::StrSplit(
                scalar<std::string>(v, "tenants, joined by commas"), ',', absl::SkipWhitespace());
        }
        target = {names.begin(), names.end()};
    };
}

Setter set_texts(std::map<std::string, std::string>& target) {
    return [&target](const YAML::Node& v) {
        if (!v.IsNull()) {
            target = scalar<std::map<std::string, std::string>>(v, "a map of texts");
        }
    };
}

// A group cannot be evaluated all the time.
Setter set_interval(Duration& target) {
    return [&target](const YAML::Node& v) {
        set_duration(target)(v);
        if (target < Duration::seconds(1)) {
            refuse(v, "expected a duration of at least 1s");
        }
    };
}

Setter set_urls(std::vector<std::string>& target) {
    return [&target](const YAML::Node& v) {
        target = absl::StrSplit(
            scalar<std::string>(v, "addresses, joined by commas"), ',', absl::SkipWhitespace());
        for (std::string& url : target) {
            absl::StripAsciiWhitespace(&url);
        }
    };
}

// Of what would lead nowhere if it were passed over.
Setter set_off(const char* why) {
    return [why](const YAML::Node& v) {
        if (!v.IsNull() && scalar<bool>(v, "true or false")) {
            refuse(v, why);
        }
    };
}

// As Loki's section alertmanager_client has them.
Setter set_alertmanager_client(OutgoingHttp& http) {
    return [&http](const YAML::Node& v) {
        read_keys(v,
                  "alertmanager_client",
                  {{"basic_auth_username", set(http.user)},
                   {"basic_auth_password", set(http.password)},
                   {"type", set(http.authorization_type)},
                   {"credentials", set(http.token)},
                   {"credentials_file", set(http.token_file)},
                   {"tls_ca_path", set(http.ca_file)},
                   {"tls_cert_path", set(http.cert_file)},
                   {"tls_key_path", set(http.key_file)},
                   {"tls_server_name", set(http.server_name)},
                   {"tls_insecure_skip_verify", set(http.insecure_skip_verify)}});
    };
}

constexpr const char* kNoDiscovery =
    "Alertmanagers are not looked up: name each of them in alertmanager_url";

Setters alertmanager_setters(AlertmanagerConfig& config) {
    return {{"alertmanager_url", set_urls(config.urls)},
            {"alertmanager_client", set_alertmanager_client(config.http)},
            {"notification_queue_capacity", set_count(config.queue_capacity)},
            {"notification_timeout", set_duration(config.timeout)},
            {"alert_relabel_configs", set_relabel(config.relabel)},
            {"external_labels", set_texts(config.external_labels)}};
}

Setter set_own_alertmanager(std::optional<AlertmanagerConfig>& target) {
    return [&target](const YAML::Node& v) {
        if (v.IsNull() || v.size() == 0) {
            return;
        }
        AlertmanagerConfig config;
        Setters setters = alertmanager_setters(config);
        Duration ignored;
        setters["alertmanager_discovery"] = set_off(kNoDiscovery);
        setters["alertmanager_refresh_interval"] = set_duration(ignored);
        read_keys(v, "ruler_alertmanager_config", setters);
        target = std::move(config);
    };
}

// As Prometheus' remote_write has them.
Setter set_http_client(const std::string& key, OutgoingHttp& http) {
    if (key == "basic_auth") {
        return [&http](const YAML::Node& v) {
            read_keys(v,
                      "basic_auth",
                      {{"username", set(http.user)},
                       {"password", set(http.password)},
                       {"password_file", set(http.password_file)}});
        };
    }
    if (key == "authorization") {
        return [&http](const YAML::Node& v) {
            read_keys(v,
                      "authorization",
                      {{"type", set(http.authorization_type)},
                       {"credentials", set(http.token)},
                       {"credentials_file", set(http.token_file)}});
        };
    }
    return [&http](const YAML::Node& v) {
        std::string ignored;
        read_keys(v,
                  "tls_config",
                  {{"ca_file", set(http.ca_file)},
                   {"cert_file", set(http.cert_file)},
                   {"key_file", set(http.key_file)},
                   {"server_name", set(http.server_name)},
                   {"insecure_skip_verify", set(http.insecure_skip_verify)},
                   {"min_version", set(ignored)}});
    };
}

Setter set_queue(RemoteWriteClient& client) {
    return [&client](const YAML::Node& v) {
        std::int64_t ignored = 0;
        Duration unused;
        read_keys(v,
                  "queue_config",
                  {{"max_samples_per_send", set_count(client.samples_per_send_max)},
                   {"min_backoff", set_duration(client.backoff_min)},
                   {"max_backoff", set_duration(client.backoff_max)},
                   {"retry_on_http_429", set(client.retry_on_429)},
                   // One request after another goes out, and the queue is on disk.
                   {"capacity", set_count(ignored)},
                   {"min_shards", set_count(ignored)},
                   {"max_shards", set_count(ignored)},
                   {"batch_send_deadline", set_duration(unused)},
                   {"sample_age_limit", set_duration(unused)}});
        client.samples_per_send_max = std::max<std::int64_t>(client.samples_per_send_max, 1);
    };
}

RemoteWriteClient read_client(const YAML::Node& node) {
    RemoteWriteClient client;
    std::string name;
    bool follow = true;
    read_keys(node,
              "a client of remote_write",
              {{"url", set(client.url)},
               {"name", set(name)},
               {"remote_timeout", set_duration(client.timeout)},
               {"headers", set_texts(client.http.headers)},
               {"write_relabel_configs", set_relabel(client.relabel)},
               {"basic_auth", set_http_client("basic_auth", client.http)},
               {"authorization", set_http_client("authorization", client.http)},
               {"bearer_token", set(client.http.token)},
               {"bearer_token_file", set(client.http.token_file)},
               {"tls_config", set_http_client("tls_config", client.http)},
               {"follow_redirects", set(follow)},
               {"queue_config", set_queue(client)}});
    if (client.url.empty()) {
        refuse(node, "a client of remote_write needs a url");
    }
    return client;
}

Setter set_clients(std::map<std::string, RemoteWriteClient>& clients) {
    return [&clients](const YAML::Node& v) {
        if (v.IsNull()) {
            return;
        }
        if (!v.IsMap()) {
            refuse(v, "expected a map from ids to clients");
        }
        for (const auto& item : v) {
            clients[scalar<std::string>(item.first, "an id")] = read_client(item.second);
        }
    };
}

Setter set_remote_write(Ruler& ruler) {
    return [&ruler](const YAML::Node& v) {
        Duration ignored;
        read_keys(v,
                  "remote_write",
                  {{"enabled", set(ruler.remote_write_enabled)},
                   {"add_org_id_header", set(ruler.add_org_id_header)},
                   {"config_refresh_period", set_duration(ignored)},
                   {"clients", set_clients(ruler.remote_write)},
                   // As older Lokis have it.
                   {"client", [&](const YAML::Node& client) {
                        ruler.remote_write["default"] = read_client(client);
                    }}});
        if (ruler.remote_write_enabled && ruler.remote_write.empty()) {
            refuse(v, "remote_write needs clients");
        }
    };
}

}  // namespace

Setters ruler_setters(Ruler& ruler, std::vector<std::string>& unused_keys) {
    Setters setters = {{"enable_api", set(ruler.enable_api)},
                       {"evaluation_interval", set_interval(ruler.evaluation_interval)},
                       {"poll_interval", set_interval(ruler.poll_interval)},
                       {"resend_delay", set_duration(ruler.resend_delay)},
                       {"for_outage_tolerance", set_duration(ruler.for_outage_tolerance)},
                       {"enabled_tenants", set_tenants(ruler.enabled_tenants)},
                       {"disabled_tenants", set_tenants(ruler.disabled_tenants)},
                       {"external_url", set(ruler.external_url)},
                       {"datasource_uid", set(ruler.datasource_uid)},
                       {"disable_rule_group_label", set(ruler.disable_rule_group_label)},
                       {"enable_alertmanager_discovery", set_off(kNoDiscovery)},
                       {"remote_write", set_remote_write(ruler)},
                       {"enable_alertmanager_v2",
                        [](const YAML::Node& v) {
                            if (!scalar<bool>(v, "true or false")) {
                                refuse(v, "Alertmanagers are only told by their API of version 2");
                            }
                        }},
                       {"storage", set_storage("ruler.storage", "type", ruler, unused_keys)}};
    setters.merge(alertmanager_setters(ruler.alertmanager));
    return setters;
}

Setter set_ruler_storage(Ruler& ruler, std::vector<std::string>& unused_keys) {
    return set_storage("ruler_storage", "backend", ruler, unused_keys);
}

Setters ruler_limits_setters(RulerLimits& limits) {
    return {{"ruler_max_rules_per_rule_group", set_count(limits.rules_per_group_max)},
            {"ruler_max_rule_groups_per_tenant", set_count(limits.groups_max)},
            {"ruler_alertmanager_config", set_own_alertmanager(limits.alertmanager)},
            {"ruler_remote_write_disabled", set(limits.remote_write_disabled)},
            {"ruler_remote_write_config", set_clients(limits.remote_write)}};
}

}  // namespace logi::config
