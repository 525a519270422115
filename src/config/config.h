// The configuration of a server: Loki's YAML, where the meaning is the same.
#pragma once

#include "base/status.h"
#include "config/ruler.h"
#include "model/limits.h"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace logi::config {

// Who may ask, as src/auth reads it.
struct Credential {
    std::string name;
    std::string token;     // a hash as `logi hash-token` prints it
    std::string user;      // or a user, and
    std::string password;  // a hash of theirs
    std::vector<std::string> tenants;
    std::vector<std::string> rights;
    std::string matcher;  // {team="a"}: no other streams may be read; empty: all
    // In place of token, user and password: what a certificate has. A san with its kind, as
    // DNS:agent.example.
    std::string common_name;
    std::string san;
};

struct Auth {
    std::string mode = "none";  // or static, mtls
    std::vector<Credential> credentials;
};

// Where segments and catalogs are, if not in the data folder.
struct ObjectStore {
    std::string address;  // s3://NAME/PREFIX?endpoint=URL&region=REGION; empty: the data folder
    std::string access_key_id;  // empty: as AWS's own tools find keys
    std::string secret_access_key;
    std::string session_token;
    std::string ca_file;
    bool insecure_skip_verify = false;
};

// What a client's certificate is good for.
enum class ClientAuth { kNone, kIfGiven, kRequired };

// Files are PEM.
struct ServerTls {
    std::string cert_file;
    std::string key_file;
    std::string client_ca_file;  // who may vouch for clients; empty with kNone
    ClientAuth client_auth = ClientAuth::kNone;

    friend bool operator==(const ServerTls&, const ServerTls&) = default;
};

// Where ranges of segments are kept; no folder: in memory only, and that only of a bucket on S3.
struct RangeCacheConfig {
    std::string folder;
    std::int64_t bytes = 10LL << 30U;
};

// How processes that share a bucket call each other.
struct Cluster {
    std::string listen_address = "127.0.0.1";  // empty: every address of the machine
    std::uint16_t listen_port = 0;             // 0: no calls are taken, and none made
    // Where the others reach it: HOST or HOST:PORT; empty: listen_address, or, where that is every
    // address, what POD_IP in the environment says.
    std::string advertise_address;
    std::string secret;            // empty: that in secret_file, or in LOGI_CLUSTER_SECRET, or none
    std::string secret_file;       // its first line
    std::optional<ServerTls> tls;  // of both sides; nothing: none
    std::string tls_server_name;   // whom the others have to be; empty: as in their addresses
};

struct Config {
    ObjectStore bucket;
    RangeCacheConfig cache;
    Cluster cluster;
    Auth auth;
    bool auth_enabled = false;
    std::string http_listen_address = "127.0.0.1";
    std::uint16_t http_listen_port = 3100;
    std::uint32_t http_listen_conn_limit = 0;                   // 0: as many as Logi finds safe
    Duration http_server_read_timeout = Duration::seconds(30);  // of a header, and of a body
    Duration http_server_write_timeout = Duration::seconds(30);
    std::optional<ServerTls> tls;       // nothing: it is not spoken
    std::optional<ServerTls> grpc_tls;  // nothing: as tls
    bool only_tls13 = false;            // else from TLS 1.2 on
    // OTLP over gRPC. Address: empty as that of HTTP. Port: 0 for none, nothing for 4317 if it is
    // free.
    std::string otlp_grpc_listen_address;
    std::optional<std::uint16_t> otlp_grpc_listen_port;
    std::int64_t grpc_server_max_recv_msg_size = 4 << 20;
    std::uint32_t grpc_server_max_concurrent_streams = 100;  // of a connection
    // server.…: from SIGTERM, after shutdown_delay; 0: as long as it takes.
    Duration graceful_shutdown_timeout = Duration::seconds(30);
    Duration shutdown_delay;                   // from SIGTERM, requests are still answered
    std::string shutdown_marker_path;          // ingester.…; empty: data_dir
    std::uint32_t metrics_tenants_max = 1000;  // server.…: tenants that metrics name
    std::string log_level = "info";
    std::string log_format = "logfmt";
    std::string data_dir = "./logi-data";  // common.path_prefix
    Limits limits;
    // limits_config.ingestion_rate_strategy is local: each process takes the whole rate.
    bool ingestion_rate_is_local = false;
    Duration compaction_interval = Duration::minutes(10);  // 0: nothing is compacted
    bool retention_enabled = false;                        // entries end, and can be deleted
    Duration delete_request_cancel_period = Duration::hours(24);
    Duration delete_max_interval = Duration::hours(24);  // the greatest max_interval of a request
    std::int64_t journals_bytes_max = 1LL << 30;  // querier.…, of a shared bucket's, in memory
    Duration tail_max_duration = Duration::hours(1);  // querier.…, 0: no limit
    bool multi_tenant_queries_enabled = false;        // querier.…: reads of A|B
    // querier.…: a query over less than twice that of what is stored is read by one process.
    std::int64_t split_piece_size = 64LL << 20;
    // Reads of a tenant that are under way, the lesser of both; 0: no limit.
    std::uint32_t max_outstanding_per_tenant = 2048;            // frontend.…
    std::uint32_t max_outstanding_requests_per_tenant = 32000;  // query_scheduler.…
    bool compress_responses = true;  // frontend.…: as gzip where the client asks for it
    // frontend.…: reads that take longer are logged with their plan; 0: none are, negative: all.
    Duration log_queries_longer_than;
    // Limits that tenants and Logs Drilldown may ask for: tenant_limits_allow_publish.
    std::vector<std::string> published_limits = {"discover_log_levels",
                                                 "discover_service_name",
                                                 "log_level_fields",
                                                 "max_entries_limit_per_query",
                                                 "max_line_size_truncate",
                                                 "max_query_bytes_read",
                                                 "max_query_length",
                                                 "max_query_lookback",
                                                 "max_query_range",
                                                 "max_query_series",
                                                 "metric_aggregation_enabled",
                                                 "otlp_config",
                                                 "pattern_persistence_enabled",
                                                 "query_timeout",
                                                 "retention_period",
                                                 "retention_stream",
                                                 "volume_enabled",
                                                 "volume_max_series"};
    Ruler ruler;
    // Files with limits of single tenants, joined by commas, and how often they are read again.
    std::string runtime_files;
    Duration runtime_period = Duration::seconds(10);
    // Keys that Loki knows and Logi has no use for, as section.key.
    std::vector<std::string> unused_keys;
};

// What files of runtime_config say.
struct Overrides {
    std::map<std::string, Limits> by_tenant;
    // As unused_keys of a Config: overrides.key, of whichever tenants.
    std::vector<std::string> unused_keys;
};

// kInvalidArgument names file, line and, for an unknown key, the nearest known one.
StatusOr<Config> load(const std::string& text, const std::string& file_name);

// Adds what a file says to what others have said: of a tenant's keys the last counts, what none
// gives is as in `defaults`. As load().
Status load_overrides(const std::string& text,
                      const std::string& file_name,
                      const Limits& defaults,
                      Overrides& overrides);

// A configuration's text with ${NAME} and ${NAME:-default} replaced by what `value_of` has for the
// name; the default is for names without a value or with an empty one. kInvalidArgument, with file
// and line, for other forms. "$${" stays "${".
StatusOr<std::string> expand(
    std::string_view text,
    const std::string& file_name,
    const std::function<std::optional<std::string>(const std::string& name)>& value_of);

// What is in force, as YAML that load() reads; of credentials without their secrets.
[[nodiscard]] std::string to_yaml(const Config& config);

// Of that, what is not as it is by default.
[[nodiscard]] std::string diff_to_yaml(const Config& config);

// Those that are numbers, durations in seconds and switches as 0 or 1: by their keys.
[[nodiscard]] std::map<std::string, double> numeric_limits(const Limits& limits);

// Only those of `keys`.
[[nodiscard]] std::string limits_to_yaml(const Limits& limits,
                                         const std::vector<std::string>& keys);

// Prometheus (1w, 30d1h) or Go (1h30m, 1.5s) durations.
StatusOr<Duration> parse_duration(std::string_view text);
// As Prometheus writes durations: 30d1h, 1m, 0s. Whole milliseconds.
[[nodiscard]] std::string format_duration(Duration d);
// RFC 3339, a date, or 0.
StatusOr<Timestamp> parse_time(std::string_view text);
// 256KB, 3MB, 4096: 1024-based.
StatusOr<std::int64_t> parse_size(std::string_view text);

}  // namespace logi::config
