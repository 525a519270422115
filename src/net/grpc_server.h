// A gRPC server for calls of one message and one answer, whose bytes it hands on as they came: the
// only place that sees the gRPC library. Beside what its handler answers there is the service
// grpc.health.v1.Health. A client that goes away cancels its request.
#pragma once

#include "base/time.h"
#include "net/http.h"
#include "net/tls.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace logi::net {

struct GrpcOptions {
    std::string address = "127.0.0.1";            // or a name; empty: every address of the machine
    std::uint16_t port = 0;                       // 0: any
    std::uint32_t message_bytes_max = 4U << 20U;  // as sent; beyond: kResourceExhausted
    std::uint64_t inflight_bytes_max = 256ULL << 20U;  // of all messages; beyond: kUnavailable
    std::uint32_t calls_max = 1024;                    // under way; beyond: kUnavailable
    std::uint32_t calls_per_connection_max = 100;      // beyond: the client waits
    Duration message_timeout = Duration::seconds(30);  // until the message is there
    // Connections on which a client asks more often whether they live are closed.
    Duration pings_apart = Duration::minutes(5);
    std::shared_ptr<TlsServer> tls = nullptr;  // null: no TLS; TLS 1.2 is always spoken
};

// Some of the codes of gRPC.
enum class GrpcCode : int {
    kOk = 0,
    kInvalidArgument = 3,
    kPermissionDenied = 7,
    kResourceExhausted = 8,
    kUnimplemented = 12,
    kInternal = 13,
    kUnavailable = 14,
    kUnauthenticated = 16,
};

struct GrpcAnswer {
    GrpcCode code = GrpcCode::kOk;
    std::string text;  // the message, or what is wrong
    // With an error: that the client may try again, and when.
    std::optional<Duration> retry_after = std::nullopt;
};

// To be called exactly once, from any thread.
using GrpcResponder = std::function<void(GrpcAnswer)>;
// Of a request, `method` is POST, `path` is /package.Service/Method, `headers` are the metadata,
// `body` is the message: as it was sent, with Content-Encoding gzip if it is compressed.
using GrpcHandler = std::function<void(HttpRequest, GrpcResponder)>;

class GrpcServer {
  public:
    // Listens and serves on threads of the library. kUnavailable if the address cannot be bound.
    // The handler runs on those threads and must not block for long.
    static StatusOr<std::unique_ptr<GrpcServer>> start(const GrpcOptions& options,
                                                       GrpcHandler handler);
    ~GrpcServer();
    GrpcServer(const GrpcServer&) = delete;
    GrpcServer& operator=(const GrpcServer&) = delete;

    [[nodiscard]] std::uint16_t port() const;
    // Where it listens, as it was asked to: 127.0.0.1:4317, [::]:4317.
    [[nodiscard]] const std::string& address() const;
    // Whether only this machine reaches it.
    [[nodiscard]] bool is_local() const;
    // Takes no more connections and calls, waits for those under way until the deadline, cancels
    // those that still run, and returns when all have been answered.
    void shutdown(Duration deadline);

  private:
    struct Impl;
    explicit GrpcServer(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

// Whether only this machine reaches a server that listens there.
[[nodiscard]] bool is_loopback(const std::string& host);

// A google.rpc.Status with that code and message; with `retry_after`, among its details a
// RetryInfo.
[[nodiscard]] std::string rpc_status(GrpcCode code,
                                     const std::string& message,
                                     std::optional<Duration> retry_after);

}  // namespace logi::net
