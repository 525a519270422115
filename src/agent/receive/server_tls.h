// TLS of what listens.
#pragma once

#include "config/config.h"
#include "net/tls.h"

#include <memory>
#include <optional>

namespace logi::agent {

// Null where there is to be none. An error names the file that cannot be read or used.
StatusOr<std::shared_ptr<net::TlsServer>> server_tls(
    const std::optional<config::ServerTls>& config);

}  // namespace logi::agent
