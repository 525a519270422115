// Who a client is for the servers that it asks.
#pragma once

#include "base/status.h"
#include "net/http.h"

#include <string>
#include <vector>

namespace logi::net {

// A user and a password, or a token, or nothing.
struct Authorization {
    std::string user;
    std::string password;
    std::string password_file;
    std::string authorization_type = "Bearer";
    std::string token;
    std::string token_file;
};

// Adds the headers that say it; files are read anew each time, as tokens in them change.
// kUnavailable if one cannot be read.
Status add_authorization(const Authorization& who, std::vector<Header>& headers);

// Of a file, without spaces at its end. kUnavailable if it cannot be read.
StatusOr<std::string> first_line_of(const std::string& path);

}  // namespace logi::net
