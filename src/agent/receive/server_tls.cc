#include "agent/receive/server_tls.h"

#include "io/file_system.h"
#include "net/read_server_tls.h"

namespace logi::agent {
namespace {

net::ServerTls::Clients clients_of(config::ClientAuth auth) {
    switch (auth) {
        case config::ClientAuth::kNone:
            return net::ServerTls::Clients::kNothing;
        case config::ClientAuth::kIfGiven:
            return net::ServerTls::Clients::kIfTheyLike;
        case config::ClientAuth::kRequired:
            break;
    }
    return net::ServerTls::Clients::kCertificate;
}

}  // namespace

StatusOr<std::shared_ptr<net::TlsServer>> server_tls(
    const std::optional<config::ServerTls>& config) {
    if (!config.has_value()) {
        return std::shared_ptr<net::TlsServer>();
    }
    const auto disk = io::make_posix_file_system();
    LOGI_ASSIGN_OR_RETURN(
        net::ServerTls tls,
        net::read_server_tls(*disk, {config->cert_file, config->key_file, config->client_ca_file}));
    tls.clients = clients_of(config->client_auth);
    return net::TlsServer::make(tls);
}

}  // namespace logi::agent
