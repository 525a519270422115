// Addresses of servers: http://HOST:PORT/PREFIX and https://….
#pragma once

#include "base/status.h"

#include <string>

namespace logi::net {

struct ServerUrl {
    bool tls = false;
    std::string authority;  // HOST or HOST:PORT, as in the header Host
    std::string host;       // without brackets
    std::string port;
    std::string prefix;  // of paths: "" or /a/b
};

// kInvalidArgument for what is no http:// or https:// address, or names a user.
StatusOr<ServerUrl> parse_server_url(const std::string& url);

}  // namespace logi::net
