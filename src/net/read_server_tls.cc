#include "net/read_server_tls.h"

#include "io/read_file.h"
#include "net/tls_context.h"

namespace logi::net {
StatusOr<ServerTls> read_server_tls(io::FileSystem& files, const ServerTlsPaths& paths) {
    ServerTls tls;
    LOGI_ASSIGN_OR_RETURN(tls.certificate, io::read_file(files, paths.certificate, kPemBytesMax));
    LOGI_ASSIGN_OR_RETURN(tls.key, io::read_file(files, paths.key, kPemBytesMax));
    if (!paths.client_ca.empty()) {
        LOGI_ASSIGN_OR_RETURN(tls.client_ca, io::read_file(files, paths.client_ca, kPemBytesMax));
    }
    return tls;
}

}  // namespace logi::net
