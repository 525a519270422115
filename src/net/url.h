// Addresses of servers: http://HOST:PORT/PREFIX and https://….
#pragma once

#include "base/status.h"

#include <cstdint>
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

struct ListenAddress {
    std::string host;  // without brackets; empty: every address of the machine
    std::uint16_t port = 0;
};

// HOST:PORT, [::1]:PORT, :PORT. kInvalidArgument for anything else.
StatusOr<ListenAddress> parse_listen_address(const std::string& text);

}  // namespace logi::net
