#include "net/read_server_tls.h"

#include "io/read_file.h"

namespace logi::net {
namespace {

constexpr std::uint64_t kFileBytesMax = 4ULL << 20U;

}  // namespace

StatusOr<ServerTls> read_server_tls(io::FileSystem& files, const ServerTlsPaths& paths) {
    ServerTls tls;
    LOGI_ASSIGN_OR_RETURN(tls.certificate, io::read_file(files, paths.certificate, kFileBytesMax));
    LOGI_ASSIGN_OR_RETURN(tls.key, io::read_file(files, paths.key, kFileBytesMax));
    if (!paths.client_ca.empty()) {
        LOGI_ASSIGN_OR_RETURN(tls.client_ca, io::read_file(files, paths.client_ca, kFileBytesMax));
    }
    return tls;
}

}  // namespace logi::net
