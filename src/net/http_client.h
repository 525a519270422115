// A blocking HTTP/1.1 client, for http:// and https://.
#pragma once

#include "base/time.h"
#include "net/client_connection.h"
#include "net/http.h"
#include "net/tls.h"

#include <cstdint>
#include <memory>
#include <string>

namespace logi::net {

struct ClientOptions {
    ClientTls tls;
    Duration timeout = Duration::minutes(10);  // of a request, from connecting to the answer's end
    std::uint64_t body_bytes_max = 4ULL << 30U;  // of an answer
};

// One thread at a time.
class HttpClient {
  public:
    // kInvalidArgument for an address that is none (net/url.h); as client_context() for TLS.
    static StatusOr<std::unique_ptr<HttpClient>> make(const std::string& url,
                                                      const ClientOptions& options);

    // The connection is kept for the next request, if the server keeps it. Nothing is sent twice.
    // kUnavailable if the server cannot be reached or breaks off; kDeadlineExceeded at the timeout;
    // kInvalidArgument for a header that cannot be one.
    StatusOr<HttpResponse> send(const std::string& method,
                                const std::string& target,
                                const std::vector<Header>& headers,
                                std::string_view body);

  private:
    HttpClient(std::string name, ServerUrl url, ClientOptions options, TlsContext context)
        : name_(std::move(name)),
          url_(std::move(url)),
          options_(std::move(options)),
          context_(std::move(context)) {}
    Status connect();
    StatusOr<HttpResponse> exchange(const std::string& head, std::string_view body, bool is_head);
    StatusOr<HttpResponse> receive(bool is_head);

    const std::string name_;  // in errors
    const ServerUrl url_;
    const ClientOptions options_;
    const TlsContext context_;                      // null: plain
    std::unique_ptr<ClientConnection> connection_;  // null: the next request makes one
};

// One request on a connection of its own.
StatusOr<HttpResponse> http_send(const std::string& url,
                                 const std::string& method,
                                 const std::string& target,
                                 const std::vector<Header>& headers,
                                 const std::string& body,
                                 const ClientOptions& options = {});

}  // namespace logi::net
