// TLS of targets that listen.
#pragma once

#include "agent/receive/receive_config.h"
#include "net/tls.h"

#include <memory>

namespace logi::agent {

// Null without files. An error names the file that cannot be read or used.
StatusOr<std::shared_ptr<net::TlsServer>> server_tls(const ServerTlsFiles& files);

}  // namespace logi::agent
