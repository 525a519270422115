// TLS of the gRPC server. For the .cc files of this module.
#pragma once

#include "net/tls.h"

#include <memory>

namespace grpc {
class ServerCredentials;
}

namespace logi::net {

// Null `tls`: none. The credentials must outlive the server that listens with them. Each connection
// is made with what `tls` is then.
std::shared_ptr<grpc::ServerCredentials> grpc_credentials(std::shared_ptr<TlsServer> tls);

}  // namespace logi::net
