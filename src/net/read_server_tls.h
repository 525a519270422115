// What a server speaks TLS with, from files.
#pragma once

#include "base/status.h"
#include "io/file_system.h"
#include "net/tls.h"

#include <string>

namespace logi::net {

// PEM; `client_ca` empty: none.
struct ServerTlsPaths {
    std::string certificate;
    std::string key;
    std::string client_ca;
};

// Sets `certificate`, `key` and `client_ca`. Errors of reading; files have at most 4 MiB.
StatusOr<ServerTls> read_server_tls(io::FileSystem& files, const ServerTlsPaths& paths);

}  // namespace logi::net
