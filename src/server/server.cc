#include "server/server.h"

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "api/api.h"
#include "api/lifecycle.h"
#include "api/tail_json.h"
#include "auth/gate.h"
#include "base/log.h"
#include "compact/compactor.h"
#include "ingest/store.h"
#include "io/open_files.h"
#include "io/process_usage.h"
#include "io/service_manager.h"
#include "journal/journal.h"
#include "net/grpc_server.h"
#include "net/http_server.h"
#include "server/cluster_part.h"
#include "server/ending.h"
#include "server/open_bucket.h"
#include "server/peer_heads.h"
#include "server/peer_readers.h"
#include "server/process_metrics.h"
#include "server/rule_part.h"
#include "server/runtime_limits.h"
#include "server/tls_files.h"
#include "tail/journal_poll.h"
#include "tail/tails.h"

#include <unistd.h>

#include <csignal>

namespace logi::server {
namespace {

constexpr std::size_t kThreadsMin = 2;
// Queries read what is not in segments from the journals.
constexpr Duration kSharedFlushAgeMax = Duration::minutes(5);

net::ServerOptions server_options(const config::Config& config,
                                  std::shared_ptr<net::TlsServer> tls) {
    net::ServerOptions options;
    options.tls = std::move(tls);
    options.address = config.http_listen_address;
    options.port = config.http_listen_port;
    options.header_timeout = config.http_server_read_timeout;
    options.body_timeout = config.http_server_read_timeout;
    options.write_timeout = config.http_server_write_timeout;
    if (config.http_listen_conn_limit > 0) {
        options.connections_max = config.http_listen_conn_limit;
    }
    // Half of the open files are for the store, and for gRPC, whose library bounds none.
    const std::uint64_t sockets_max = io::raise_open_files() / 2;
    if (sockets_max < options.connections_max) {
        base::log_warn("fewer connections are served, as few files may be open",
                       {{"connections", std::to_string(sockets_max)}});
        options.connections_max = static_cast<std::uint32_t>(sockets_max);
    }
    return options;
}

constexpr std::uint16_t kOtlpPort = 4317;

// Null where none is wanted, or where nobody has asked for the port and it is taken.
StatusOr<std::unique_ptr<net::GrpcServer>> start_otlp(const config::Config& config,
                                                      std::shared_ptr<net::TlsServer> tls,
                                                      api::Api& api) {
    net::GrpcOptions options;
    options.address = config.otlp_grpc_listen_address.empty() ? config.http_listen_address
                                                              : config.otlp_grpc_listen_address;
    options.port = config.otlp_grpc_listen_port.value_or(kOtlpPort);
    options.message_bytes_max = static_cast<std::uint32_t>(config.grpc_server_max_recv_msg_size);
    options.calls_per_connection_max = config.grpc_server_max_concurrent_streams;
    options.message_timeout = config.http_server_read_timeout;
    if (options.port == 0) {
        return nullptr;
    }
    options.tls = std::move(tls);
    if (options.tls != nullptr && config.only_tls13) {
        return absl::InvalidArgumentError(
            "gRPC speaks TLS 1.2, too: set server.otlp_grpc_listen_port to 0, or "
            "server.tls_min_version to VersionTLS12");
    }
    auto server = net::GrpcServer::start(
        options, [&api](net::HttpRequest request, const net::GrpcResponder& respond) {
            api.handle_grpc(std::move(request), respond);
        });
    if (!server.ok() && !config.otlp_grpc_listen_port.has_value()) {
        base::log_warn("OTLP is not taken over gRPC",
                       {{"error", std::string(server.status().message())},
                        {"key", "server.otlp_grpc_listen_port"}});
        return nullptr;
    }
    return server;
}

void set_up_log(const config::Config& config) {
    base::LogLevel level = base::LogLevel::kInfo;
    if (base::parse_log_level(config.log_level, level)) {
        base::set_log_level(level);
    }
    base::LogFormat format = base::LogFormat::kLogfmt;
    if (base::parse_log_format(config.log_format, format)) {
        base::set_log_format(format);
    }
}

void warn_of_unused(const config::Config& config) {
    if (!config.unused_keys.empty()) {
        base::log_warn("these configuration keys have no effect here",
                       {{"keys", absl::StrJoin(config.unused_keys, ", ")}});
    }
}

void warn_of_strangers(const config::Config& config,
                       const net::HttpServer& server,
                       const net::GrpcServer* otlp) {
    if (config.auth.mode != "none" || config.auth_enabled) {
        return;
    }
    if (!server.is_local()) {
        base::log_warn(
            "anybody who reaches this address can read and write all data: auth.mode is none and "
            "auth_enabled is false",
            {{"address", server.address()}});
    }
    if (otlp != nullptr && !otlp->is_local()) {
        base::log_warn(
            "anybody who reaches this address can write data: auth.mode is none and auth_enabled "
            "is false",
            {{"address", otlp->address()}});
    }
}

// Its entries would be in no answer of processes with roles.
Status no_local_journal(io::FileSystem& files, const std::string& data_dir) {
    LOGI_ASSIGN_OR_RETURN(const auto left,
                          journal::LocalJournal::list(files, data_dir + "/journal"));
    return left.empty() ? absl::OkStatus()
                        : absl::FailedPreconditionError(absl::StrCat(
                              data_dir,
                              "/journal has entries that may not be in the bucket: start once "
                              "without --role, and end with POST /ingester/shutdown"));
}

}  // namespace

int run(const config::Config& config, const Roles& roles) {
    set_up_log(config);
    const Signals signals;
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN);  // a write beyond the limit of a file's size is an error
    warn_of_unused(config);

    io::SystemClock clock;
    io::SystemRandom random;
    base::Registry metrics;
    metrics.set_tenants_max(config.metrics_tenants_max);
    const auto files = io::make_posix_file_system();
    const auto cores = static_cast<std::size_t>(::sysconf(_SC_NPROCESSORS_ONLN));
    auto executor = std::make_unique<io::ThreadPool>(std::max(cores, kThreadsMin));
    const auto gate = auth::Gate::make(config.auth, *executor, clock);
    if (!gate.ok()) {
        base::log_error("cannot start", {{"error", std::string(gate.status().message())}});
        return 1;
    }
    auto tls = ServedTls::open({*executor, *files, metrics}, config);
    if (!tls.ok()) {
        base::log_error("cannot start: the files of TLS cannot be used",
                        {{"error", std::string(tls.status().message())}});
        return 1;
    }
    tail::Tails tails(*executor, clock, metrics, api::tail_streams_json);
    ingest::StoreOptions options;
    const auto publish = [&tails](const std::string& tenant, auto streams, auto record) {
        tails.publish(tenant, std::move(streams), std::move(record));
    };
    options.data_dir = config.data_dir;
    options.limits = config.limits;
    options.retention_enabled = config.retention_enabled;
    const std::string writer = absl::StrFormat("%016x", random.next_u64());
    std::unique_ptr<Peers> peers;  // null if the process has its bucket alone
    ingest::AskWriters ask_writers;
    if (roles.shared) {
        if (const Status left = no_local_journal(*files, config.data_dir); !left.ok()) {
            base::log_error("cannot start", {{"error", std::string(left.message())}});
            return 1;
        }
        options.shared.emplace();
        options.shared->writer = roles.write ? writer : "";
        // Also what this process has taken in comes from the bucket, like that of others.
        options.shared->listener = {
            [&tails](const std::string& tenant) { return tails.follows(tenant); }, publish};
        options.shared->journals_bytes_max = static_cast<std::uint64_t>(config.journals_bytes_max);
        options.flush_age_max = kSharedFlushAgeMax;
        if (config.cluster.listen_port != 0) {
            // Nothing is read before there are peers.
            options.shared->ask_writers = [&ask_writers](const ingest::HeadQuestion& question) {
                return ask_writers(question);
            };
        }
        if (!config.ingestion_rate_is_local) {
            // Nothing is pushed before there are peers.
            options.writers = [&peers] {
                return peers->members().count("write");
            };
        }
        options.open_bucket = [&] {
            return open_shared_s3({*executor, clock, random, *files, metrics}, config);
        };
    } else {
        options.on_applied = publish;
    }
    if (!roles.shared && !config.bucket.address.empty()) {
        options.open_bucket = [&] {
            return open_s3({*executor, clock, random, *files, metrics}, config, [] {
                ::kill(::getpid(), SIGTERM);
            });
        };
    }
    options.open_ranges = range_cache({*executor, clock, random, *files, metrics}, config);
    const Timestamp begin = clock.now();
    auto store = ingest::Store::open({*executor, clock, random, *files, metrics}, options);
    if (!store.ok()) {
        base::log_error(roles.shared ? "cannot open the bucket" : "cannot open the data folder",
                        {{roles.shared ? "bucket" : "folder",
                          roles.shared ? config.bucket.address : config.data_dir},
                         {"error", std::string(store.status().message())}});
        return 1;
    }
    RuntimeLimits limits({*executor, *files, metrics, (*store)->limits()}, config);
    if (const Status status = limits.load(); !status.ok()) {
        base::log_error("cannot read the limits of tenants",
                        {{"error", std::string(status.message())}});
        executor.reset();  // the store writes already what it has recovered
        return 1;
    }
    compact::Deletes deletes(**store, clock, random, config.delete_request_cancel_period);
    compact::CompactorOptions compaction;
    compaction.interval = roles.shared ? Duration{} : config.compaction_interval;
    if (roles.shared && roles.compact) {
        // When they were written tells the compactor whether its clock is to be doubted.
        if (const Status s = (*store)->discover_tenants(); !s.ok()) {
            base::log_error("cannot list tenants", {{"error", std::string(s.message())}});
            executor.reset();
            return 1;
        }
    }
    compact::Compactor compactor({**store, deletes, *executor, clock, metrics}, compaction);
    api::Lifecycle lifecycle(
        **store,
        *files,
        config.shutdown_marker_path.empty() ? config.data_dir : config.shutdown_marker_path,
        [] { ::kill(::getpid(), SIGTERM); },
        {roles.write, roles.read, roles.compact, roles.rule});
    std::unique_ptr<ClusterPart> cluster;
    if (roles.shared) {
        auto opened = Peers::open(
            {*executor, *files, metrics, (*store)->bucket()}, config.cluster, roles, writer);
        if (!opened.ok()) {
            base::log_error("cannot work with others",
                            {{"error", std::string(opened.status().message())}});
            executor.reset();
            return 1;
        }
        peers = *std::move(opened);
        ask_writers = ask_peers(*peers, **store, clock);
        if (roles.write) {
            serve_heads(peers->table(), **store);
        }
        cluster = std::make_unique<ClusterPart>(
            ClusterPart::Deps{
                {*executor, clock, random, *files, metrics}, **store, compactor, *peers},
            config,
            roles,
            writer,
            [] { ::kill(::getpid(), SIGTERM); });
    }
    const auto journals = std::make_shared<tail::JournalPoll>(
        *executor, clock, tails, [&](bool look) { return (*store)->poll_journals(look); });
    std::unique_ptr<RulePart> rules;
    // Who reads tells of them, too.
    if (roles.rule || roles.read) {
        auto opened = RulePart::open(
            {**store, *executor, clock, random, *files, metrics, roles.shared, roles.rule}, config);
        if (!opened.ok()) {
            base::log_error("cannot evaluate rules",
                            {{"error", std::string(opened.status().message())}});
            executor.reset();
            return 1;
        }
        rules = *std::move(opened);
    }
    api::Api api({**store,
                  deletes,
                  tails,
                  *executor,
                  clock,
                  random,
                  metrics,
                  lifecycle,
                  {roles.shared, roles.write, roles.read},
                  peers == nullptr ? nullptr : make_readers(*peers),
                  peers == nullptr ? nullptr : &peers->members(),
                  roles.shared ? journals.get() : nullptr,
                  rules == nullptr ? nullptr : &rules->rules(),
                  rules == nullptr ? nullptr : &rules->ruler()},
                 config,
                 gate->get());
    if (peers != nullptr && roles.read) {
        serve_readers(peers->table(), api);
    }
    const auto otlp = start_otlp(config, tls->grpc(), api);
    if (!otlp.ok()) {
        base::log_error("cannot serve", {{"error", std::string(otlp.status().message())}});
        executor.reset();
        return 1;
    }
    auto server = net::HttpServer::start(server_options(config, tls->http()),
                                         [&api](net::HttpRequest request, net::Responder respond) {
                                             api.handle(std::move(request), std::move(respond));
                                         });
    // Tasks refer to all of these, and those of cancelled requests may still run.
    const absl::Cleanup finish_tasks = [&executor] {
        executor.reset();
    };
    if (!server.ok()) {
        base::log_error("cannot serve", {{"error", std::string(server.status().message())}});
        if (*otlp != nullptr) {
            (*otlp)->shutdown(Duration{});
        }
        return 1;
    }
    const auto usage = io::tell_of_usage(metrics, clock);
    const auto told = tell_of_process(metrics, **server, (*store)->limits());
    warn_of_strangers(config, **server, otlp->get());
    limits.start();
    tls->start();
    compactor.start();
    if (rules != nullptr) {
        rules->start();
    }
    Status joined;
    if (cluster != nullptr) {
        joined = cluster->start();
        if (!joined.ok()) {
            base::log_error("cannot work with others", {{"error", std::string(joined.message())}});
            ::kill(::getpid(), SIGTERM);
        }
    }
    base::log_info(
        "ready",
        {{"address", (*server)->address()},
         {"tls", tls->http() == nullptr ? "off" : "on"},
         {"calls", peers == nullptr || peers->address().empty() ? "off" : peers->address()},
         {"otlp_grpc", *otlp == nullptr ? "off" : (*otlp)->address()},
         {"role", names_of(roles)},
         {"data", roles.shared ? "none" : config.data_dir},
         {"bucket", config.bucket.address.empty() ? "in it" : config.bucket.address},
         {"seconds", absl::StrCat(static_cast<double>((clock.now() - begin).ns) / 1e9)}});
    io::tell_service_manager(io::kServiceReady);
    base::log_info("stopping", {{"signal", std::to_string(signals.wait())}});
    io::tell_service_manager(io::kServiceStopping);
    const Status stopped = end({*executor,
                                clock,
                                **server,
                                otlp->get(),
                                compactor,
                                **store,
                                lifecycle,
                                cluster.get(),
                                rules.get()},
                               signals,
                               config);
    base::log_info("stopped",
                   {{"status", stopped.ok() ? "clean" : std::string(stopped.message())},
                    {"flushed", lifecycle.flushes_at_end() ? "true" : "false"}});
    return stopped.ok() && joined.ok() ? 0 : 1;
}

}  // namespace logi::server
