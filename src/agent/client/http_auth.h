// Who the agent is for servers that it talks to by HTTP.
#pragma once

#include "agent/config/agent_config.h"
#include "net/http.h"
#include "net/tls.h"

#include <string>
#include <vector>

namespace logi::agent {

// Adds the headers that say it; files are read anew each time, as tokens in them change.
// kUnavailable if one cannot be read.
Status add_authorization(const HttpAuth& auth, std::vector<net::Header>& headers);

// Of a file, without spaces at its end. kUnavailable if it cannot be read.
StatusOr<std::string> first_line_of(const std::string& path);

[[nodiscard]] net::ClientTls tls_of(const TlsConfig& config);

}  // namespace logi::agent
