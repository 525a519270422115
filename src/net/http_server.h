// An HTTP/1.1 server: keep-alive, pipelining in order, chunked bodies, Expect: 100-continue. Every
// connection has time limits (408 when a request stops in the middle) and a bounded body; all
// bodies together are bounded. A client that goes away cancels its request. What is wrong with a
// request is answered before the connection is closed, and read on for a moment, so that the answer
// arrives.
#pragma once

#include "base/time.h"
#include "net/http.h"
#include "net/tls.h"

#include <cstdint>
#include <memory>
#include <string>

namespace logi::net {

struct ServerOptions {
    std::string address = "127.0.0.1";  // or a name; empty: every address of the machine
    std::uint16_t port = 0;             // 0: any
    unsigned threads = 2;
    std::uint64_t body_bytes_max = 100ULL << 20U;           // beyond: 413
    std::uint64_t inflight_body_bytes_max = 256ULL << 20U;  // beyond: 503
    std::uint32_t connections_max = 4096;                   // beyond: 503 and closed
    std::uint32_t header_bytes_max = 96U << 10U;            // beyond: 414 in the target, else 431
    Duration header_timeout = Duration::seconds(30);        // of a TLS handshake, too
    Duration body_timeout = Duration::seconds(30);
    Duration write_timeout = Duration::seconds(30);
    // Null: no TLS. With it the process must ignore SIGPIPE.
    std::shared_ptr<TlsServer> tls = nullptr;
};

class HttpServer {
  public:
    // Listens and serves on threads of its own. kUnavailable if the address cannot be bound. The
    // handler runs on those threads and must not block for long.
    static StatusOr<std::unique_ptr<HttpServer>> start(const ServerOptions& options,
                                                       HttpHandler handler);
    ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    [[nodiscard]] std::uint16_t port() const;
    // Where it listens: 127.0.0.1:3100, [::]:3100.
    [[nodiscard]] std::string address() const;
    // Whether only this machine reaches it.
    [[nodiscard]] bool is_local() const;
    // How many there are, WebSockets included.
    [[nodiscard]] std::uint32_t connections() const;
    // Takes no more connections, waits for requests under way until the deadline, cancels those
    // that still run, and closes. A handler may call its responder even later, until the server
    // is destroyed.
    void shutdown(Duration deadline);

  private:
    struct Impl;
    explicit HttpServer(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace logi::net
