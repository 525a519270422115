// Asks a server for a whole answer, for those that discover targets.
#pragma once

#include "agent/config/agent_config.h"
#include "io/executor.h"
#include "net/http_streams.h"

#include <functional>
#include <string>

namespace logi::agent {

// What those that talk to servers need; outlives them.
struct HttpDeps {
    net::HttpStreams& streams;
    io::Executor& executor;
    io::Strand& strand;
};

// kUnavailable if a file of who we are cannot be read.
StatusOr<net::StreamRequest> request_to(const HttpClientConfig& client, const std::string& url);

// Calls back on the strand: the body of an answer of status 200, or what was wrong, with the begin
// of what the server says. kResourceExhausted: over `bytes_max`.
void fetch(const HttpDeps& deps,
           net::StreamRequest request,
           std::size_t bytes_max,
           std::function<void(StatusOr<std::string> body)> done);

// What a server says that refuses, of a body that may be long.
Status refused(const std::string& url, int status, std::string_view body);

}  // namespace logi::agent
