#include "agent/receive/server_tls.h"

#include "io/file_system.h"
#include "io/read_file.h"

namespace logi::agent {
namespace {

constexpr std::uint64_t kFileBytesMax = 4ULL << 20U;

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
    net::ServerTls tls;
    tls.clients = clients_of(config->client_auth);
    LOGI_ASSIGN_OR_RETURN(tls.certificate, io::read_file(*disk, config->cert_file, kFileBytesMax));
    LOGI_ASSIGN_OR_RETURN(tls.key, io::read_file(*disk, config->key_file, kFileBytesMax));
    if (!config->client_ca_file.empty()) {
        LOGI_ASSIGN_OR_RETURN(tls.client_ca,
                              io::read_file(*disk, config->client_ca_file, kFileBytesMax));
    }
    return net::TlsServer::make(tls);
}

}  // namespace logi::agent
