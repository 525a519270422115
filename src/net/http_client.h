// A blocking HTTP/1.1 client for the command line and tests.
#pragma once

#include "net/http.h"

#include <string>

namespace logi::net {

// One request on a connection of its own. `base_url` is http://HOST:PORT. kUnavailable if the
// server cannot be reached or breaks off; kInvalidArgument for a URL that is none.
StatusOr<HttpResponse> http_send(const std::string& base_url,
                                 const std::string& method,
                                 const std::string& target,
                                 const std::vector<Header>& headers,
                                 const std::string& body);

}  // namespace logi::net
