#include "agent/receive/server_tls.h"

#include "io/file_system.h"
#include "io/read_file.h"

namespace logi::agent {
namespace {

constexpr std::uint64_t kFileBytesMax = 4ULL << 20U;

}  // namespace

StatusOr<std::shared_ptr<net::TlsServer>> server_tls(const ServerTlsFiles& files) {
    if (files.cert_file.empty()) {
        return std::shared_ptr<net::TlsServer>();
    }
    const auto disk = io::make_posix_file_system();
    net::ServerTls tls;
    LOGI_ASSIGN_OR_RETURN(tls.certificate, io::read_file(*disk, files.cert_file, kFileBytesMax));
    LOGI_ASSIGN_OR_RETURN(tls.key, io::read_file(*disk, files.key_file, kFileBytesMax));
    if (!files.ca_file.empty()) {
        tls.clients = net::ServerTls::Clients::kCertificate;
        LOGI_ASSIGN_OR_RETURN(tls.client_ca, io::read_file(*disk, files.ca_file, kFileBytesMax));
    }
    return net::TlsServer::make(tls);
}

}  // namespace logi::agent
