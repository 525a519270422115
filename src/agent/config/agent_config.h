// The configuration of the agent: Promtail's YAML and flags.
#pragma once

#include "agent/pipeline/pipeline.h"
#include "agent/receive/receive_config.h"
#include "base/status.h"
#include "base/time.h"
#include "model/labels.h"
#include "net/authorization.h"
#include "net/tls.h"
#include "relabel/relabel.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace logi::agent {

using TextMap = std::map<std::string, std::string>;

using TlsConfig = net::ClientTls;
using HttpAuth = net::Authorization;

// How a server is talked to.
struct HttpClientConfig {
    HttpAuth auth;
    TlsConfig tls;
    bool follow_redirects = true;
};

// Where tokens come from, and who asks for them.
struct OAuth2Config {
    std::string client_id;
    std::string client_secret;
    std::string client_secret_file;
    std::vector<std::string> scopes;
    std::string token_url;
    TextMap endpoint_params;
    TlsConfig tls;
};

struct ClientConfig {
    std::string name;
    std::string url;
    TextMap headers;
    std::string tenant_id;
    Duration batch_wait = Duration::seconds(1);
    std::int64_t batch_bytes = 1 << 20;  // of lines and metadata
    HttpClientConfig http;
    std::optional<OAuth2Config> oauth2;
    Duration backoff_min = Duration::millis(500);
    Duration backoff_max = Duration::minutes(5);
    // After so many a batch is given up; 0: never. Promtail's own default is 10.
    std::int64_t retries_max = 0;
    TextMap external_labels;
    Duration timeout = Duration::seconds(10);
    bool drop_rate_limited_batches = false;
    std::string buffer_dir;  // empty: there is no buffer on disk
    std::int64_t buffer_bytes_max = std::int64_t{1} << 30;
};

struct ServerConfig {
    bool disable = false;
    std::string http_listen_address;
    std::uint16_t http_listen_port = 80;
    std::string log_level = "info";
    bool register_instrumentation = true;
    bool health_check_target = true;
    bool enable_runtime_reload = false;
    Duration graceful_shutdown_timeout = Duration::seconds(30);
    std::string external_url;
    std::string path_prefix;
    std::optional<config::ServerTls> tls;
};

struct PositionsConfig {
    std::string filename = "/var/log/positions.yaml";
    Duration sync_period = Duration::seconds(10);
    bool ignore_invalid_yaml = false;
};

// Targets that have labels in common, as discovery finds them.
struct TargetGroup {
    std::vector<std::string> targets;
    TextMap labels;
    friend bool operator==(const TargetGroup&, const TargetGroup&) = default;
};

struct FileSdConfig {
    std::vector<std::string> files;  // globs of names that end in .json, .yml or .yaml
    Duration refresh_interval = Duration::minutes(5);
};

struct HttpSdConfig {
    HttpClientConfig client;
    std::string url;
    Duration refresh_interval = Duration::minutes(1);
};

struct DockerSdConfig {
    HttpClientConfig client;
    std::string host;  // unix://…, tcp://…, http://… or https://…
    std::uint16_t port = 80;
    std::string host_networking_host = "localhost";
    std::map<std::string, std::vector<std::string>> filters;
    Duration refresh_interval = Duration::minutes(1);
};

// Of the role pod.
struct KubernetesSdConfig {
    HttpClientConfig client;
    std::string api_server;  // empty: that of the cluster that the agent runs in
    bool own_namespace = false;
    std::vector<std::string> namespaces;  // none: all
    std::string label_selector;
    std::string field_selector;
};

struct DecompressionConfig {
    bool enabled = false;
    Duration initial_delay;
    std::string format;  // gz, z, bz2 or zst
};

// The target `journal`.
struct SystemdConfig {
    std::string path;  // empty: the system's own
    bool json = false;
    Duration max_age = Duration::hours(7);
    std::vector<std::string> matches;  // FIELD=value
    TextMap labels;
};

struct PushApiConfig {
    ServerConfig server;
    std::vector<std::string> unused_keys;  // of the server
    TextMap labels;
    bool use_incoming_timestamp = false;
};

struct ScrapeConfig {
    std::string job_name;
    PipelineSpec pipeline;
    std::string encoding;  // IANA's name; empty: UTF-8
    DecompressionConfig decompression;
    std::vector<RelabelRule> relabel;
    std::vector<TargetGroup> static_configs;
    std::vector<FileSdConfig> file_sd_configs;
    std::vector<HttpSdConfig> http_sd_configs;
    std::vector<DockerSdConfig> docker_sd_configs;
    std::vector<KubernetesSdConfig> kubernetes_sd_configs;
    std::optional<SystemdConfig> journal;
    std::optional<SyslogConfig> syslog;
    std::optional<GelfConfig> gelf;
    std::optional<PushApiConfig> push_api;
};

struct LimitsConfig {
    bool readline_rate_enabled = false;
    double readline_rate = 10000;
    std::int64_t readline_burst = 10000;
    bool readline_rate_drop = true;
    std::int64_t max_streams = 0;     // 0: no limit
    std::int64_t max_line_bytes = 0;  // 0: no limit
    bool max_line_truncate = false;
};

struct AgentConfig {
    ServerConfig server;
    std::vector<ClientConfig> clients;
    PositionsConfig positions;
    std::vector<ScrapeConfig> scrape_configs;
    LimitsConfig limits;
    Duration target_sync_period = Duration::seconds(10);
    bool stdin_target = false;
    // Keys that Promtail knows and that have no effect here.
    std::vector<std::string> unused_keys;
    std::string text;  // of the file, after its variables were replaced
};

// What Promtail's command line says.
struct AgentFlags {
    std::string config_file;
    bool expand_env = false;
    bool check_syntax = false;
    bool dry_run = false;
    bool inspect = false;
    bool stdin_source = false;
    bool print_config = false;
    bool version = false;
    bool help = false;
    // Flags that stand for keys of the configuration, in their order; they count more than the
    // file.
    std::vector<std::pair<std::string, std::string>> values;
};

// -name=value, --name value, and -name of switches. kInvalidArgument names the flag and the nearest
// known one.
StatusOr<AgentFlags> parse_flags(const std::vector<std::string>& args);
// One line for each flag.
[[nodiscard]] std::string flags_help();

// kInvalidArgument names file, line and, for an unknown key, the nearest known one; what Promtail
// has and the agent has not is refused by name.
StatusOr<AgentConfig> load_agent_config(const std::string& text, const std::string& file_name);
// The file as it was read, without its secrets.
[[nodiscard]] std::string shown_config(const AgentConfig& config);
// Reads the file that the flags name, if any, and applies the others.
StatusOr<AgentConfig> configure(const AgentFlags& flags);

}  // namespace logi::agent
