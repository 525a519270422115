#include "server/tls_files.h"

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "net/read_server_tls.h"

namespace logi::server {
namespace {

constexpr Duration kPeriod = Duration::seconds(1);

net::ServerTls::Clients clients_of(config::ClientAuth auth) {
    switch (auth) {
        case config::ClientAuth::kIfGiven:
            return net::ServerTls::Clients::kIfTheyLike;
        case config::ClientAuth::kRequired:
            return net::ServerTls::Clients::kCertificate;
        default:
            return net::ServerTls::Clients::kNothing;
    }
}

StatusOr<net::ServerTls> read_tls(io::FileSystem& files,
                                  const config::ServerTls& config,
                                  bool only_tls13) {
    LOGI_ASSIGN_OR_RETURN(
        net::ServerTls tls,
        net::read_server_tls(files, {config.cert_file, config.key_file, config.client_ca_file}));
    tls.clients = clients_of(config.client_auth);
    tls.only_tls13 = only_tls13;
    return tls;
}

}  // namespace

StatusOr<std::unique_ptr<TlsFiles>> TlsFiles::open(const Deps& deps,
                                                   const config::ServerTls& config,
                                                   bool only_tls13) {
    LOGI_ASSIGN_OR_RETURN(const auto tls, read_tls(deps.files, config, only_tls13));
    LOGI_ASSIGN_OR_RETURN(auto server, net::TlsServer::make(tls));
    return absl::WrapUnique(new TlsFiles(deps, config, only_tls13, std::move(server)));
}

TlsFiles::TlsFiles(const Deps& deps,
                   const config::ServerTls& config,
                   bool only_tls13,
                   std::shared_ptr<net::TlsServer> server)
    : deps_(deps),
      config_(config),
      only_tls13_(only_tls13),
      server_(std::move(server)),
      last_ok_(deps.metrics.gauge("logi_tls_last_reload_successful",
                                  "Whether TLS is spoken with what the files have.",
                                  {{"cert_file", config.cert_file}})),
      failures_(deps.metrics.counter("logi_tls_reload_failures_total",
                                     "Attempts to read the files of TLS that failed.",
                                     {{"cert_file", config.cert_file}})) {
    last_ok_.set(1);
}

void TlsFiles::start() {
    deps_.executor.post_after(kPeriod, [this] {
        deps_.executor.post([this] {
            reload();
            start();
        });
    });
}

Status TlsFiles::reload_now() {
    LOGI_ASSIGN_OR_RETURN(const auto tls, read_tls(deps_.files, config_, only_tls13_));
    if (tls == server_->tls()) {
        return absl::OkStatus();
    }
    LOGI_RETURN_IF_ERROR(server_->replace(tls));
    base::log_info("TLS has a new certificate or key", {{"cert_file", config_.cert_file}});
    return absl::OkStatus();
}

StatusOr<ServedTls> ServedTls::open(const TlsFiles::Deps& deps, const config::Config& config) {
    ServedTls out;
    if (config.tls.has_value()) {
        LOGI_ASSIGN_OR_RETURN(out.files, TlsFiles::open(deps, *config.tls, config.only_tls13));
    }
    if (config.grpc_tls.has_value()) {
        LOGI_ASSIGN_OR_RETURN(out.grpc_files,
                              TlsFiles::open(deps, *config.grpc_tls, config.only_tls13));
    }
    return out;
}

void ServedTls::start() {
    for (TlsFiles* each : {files.get(), grpc_files.get()}) {
        if (each != nullptr) {
            each->start();
        }
    }
}

std::shared_ptr<net::TlsServer> ServedTls::http() const {
    return files == nullptr ? nullptr : files->server();
}

std::shared_ptr<net::TlsServer> ServedTls::grpc() const {
    return grpc_files == nullptr ? http() : grpc_files->server();
}

Status check_tls(io::FileSystem& files, const config::Config& config) {
    for (const auto& tls : {config.tls, config.grpc_tls, config.cluster.tls}) {
        if (tls.has_value()) {
            LOGI_ASSIGN_OR_RETURN(const auto texts, read_tls(files, *tls, config.only_tls13));
            LOGI_RETURN_IF_ERROR(net::TlsServer::make(texts).status());
        }
    }
    return absl::OkStatus();
}

void TlsFiles::reload() {
    const Status status = reload_now();
    last_ok_.set(status.ok() ? 1 : 0);
    const std::string error(status.message());
    if (!status.ok()) {
        failures_.add();
    }
    if (error != last_error_) {
        if (status.ok()) {
            base::log_info("the files of TLS can be used again",
                           {{"cert_file", config_.cert_file}});
        } else {
            base::log_error("TLS stays as it is: its files are wrong",
                            {{"error", error}, {"cert_file", config_.cert_file}});
        }
        last_error_ = error;
    }
}

}  // namespace logi::server
