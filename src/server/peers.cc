#include "server/peers.h"

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "base/version.h"
#include "io/read_file.h"
#include "net/grpc_server.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace logi::server {
namespace {

constexpr std::uint64_t kSecretBytesMax = 4096;
constexpr std::size_t kSecretBytesMin = 16;
constexpr const char* kSecretVariable = "LOGI_CLUSTER_SECRET";
constexpr const char* kAddressVariable = "POD_IP";

std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

// Empty: there is none.
StatusOr<std::string> secret_of(io::FileSystem& files, const config::Cluster& config) {
    if (!config.secret.empty()) {
        return config.secret;
    }
    std::string secret = environment(kSecretVariable);
    std::string source = kSecretVariable;
    if (!config.secret_file.empty()) {
        source = config.secret_file;
        LOGI_ASSIGN_OR_RETURN(secret, io::read_file(files, config.secret_file, kSecretBytesMax));
        secret = secret.substr(0, secret.find_first_of("\r\n"));
    } else if (secret.empty()) {
        return secret;
    }
    if (secret.size() < kSecretBytesMin) {
        return absl::InvalidArgumentError(
            absl::StrCat(source, ": a secret has at least ", kSecretBytesMin, " characters"));
    }
    return secret;
}

bool is_every_address(const std::string& host) {
    return host.empty() || host == "0.0.0.0" || host == "::";
}

// HOST:PORT, where the others are told to call. `text` may have a port of its own.
std::string with_port(const std::string& text, std::uint16_t port) {
    const auto colons = std::count(text.begin(), text.end(), ':');
    if (text.starts_with('[')) {
        return text.ends_with(']') ? absl::StrCat(text, ":", port) : text;
    }
    if (colons == 1) {
        return text;
    }
    return colons > 1 ? absl::StrCat("[", text, "]:", port) : absl::StrCat(text, ":", port);
}

StatusOr<std::string> host_to_tell(const config::Cluster& config) {
    if (!config.advertise_address.empty()) {
        return config.advertise_address;
    }
    if (!is_every_address(config.listen_address)) {
        return config.listen_address;
    }
    std::string host = environment(kAddressVariable);
    if (host.empty()) {
        return absl::InvalidArgumentError(
            absl::StrCat("cluster.listen_address is every address: which of them the others call "
                         "must be in cluster.advertise_address, or in ",
                         kAddressVariable,
                         " in the environment"));
    }
    return host;
}

}  // namespace

Peers::Peers(const Deps& deps, const config::Cluster& config, const Roles& roles, std::string id)
    : deps_(deps),
      config_(config),
      members_(deps.executor,
               deps.bucket,
               deps.metrics,
               {std::move(id), "", base::kVersion, names_of(roles)}) {}

StatusOr<std::unique_ptr<Peers>> Peers::open(const Deps& deps,
                                             const config::Cluster& config,
                                             const Roles& roles,
                                             const std::string& id) {
    auto peers = absl::WrapUnique(new Peers(deps, config, roles, id));
    if (config.listen_port == 0) {
        return peers;
    }
    LOGI_RETURN_IF_ERROR(host_to_tell(config).status());
    LOGI_ASSIGN_OR_RETURN(peers->secret_, secret_of(deps.files, config));
    if (!net::is_loopback(config.listen_address) && peers->secret_.empty() &&
        !config.tls.has_value()) {
        return absl::InvalidArgumentError(
            "anybody who reaches cluster.listen_address could call: set cluster.secret_file or "
            "cluster.tls_config, or listen on 127.0.0.1");
    }
    net::GrpcCallerOptions options;
    options.secret = peers->secret_;
    if (config.tls.has_value()) {
        LOGI_ASSIGN_OR_RETURN(
            peers->tls_,
            TlsFiles::open({deps.executor, deps.files, deps.metrics}, *config.tls, false));
        options.tls = peers->tls_->server();
        options.tls_server_name = config.tls_server_name;
    }
    peers->caller_ =
        std::make_unique<net::GrpcCaller>(deps.executor, deps.metrics, std::move(options));
    return peers;
}

std::string Peers::address() const {
    return server_ == nullptr ? "" : server_->address();
}

Status Peers::start() {
    std::string told;
    if (config_.listen_port != 0) {
        net::CallServerOptions options;
        options.address = config_.listen_address;
        options.port = config_.listen_port;
        options.secret = secret_;
        if (tls_ != nullptr) {
            options.tls = tls_->server();
            tls_->start();
        }
        LOGI_ASSIGN_OR_RETURN(
            server_, net::CallServer::start(options, table_, deps_.executor, deps_.metrics));
        LOGI_ASSIGN_OR_RETURN(const std::string host, host_to_tell(config_));
        told = with_port(host, server_->port());
    }
    members_.start(told);
    return absl::OkStatus();
}

void Peers::shutdown(Duration deadline) {
    if (server_ != nullptr) {
        server_->shutdown(deadline);
    }
    if (caller_ != nullptr) {
        caller_->shutdown();
    }
}

Status check_cluster(io::FileSystem& files, const config::Cluster& config) {
    return config.listen_port == 0 ? absl::OkStatus() : secret_of(files, config).status();
}

}  // namespace logi::server
