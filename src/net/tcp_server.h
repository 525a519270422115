// A TCP server for protocols without answers, such as syslog: what clients send goes to a receiver,
// which says when it can take more; until then nothing is read, and the client has to wait.
#pragma once

#include "base/status.h"
#include "base/time.h"
#include "net/tls.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace logi::net {

struct TcpOptions {
    std::string address;                   // or a name; empty: every address of the machine
    std::uint16_t port = 0;                // 0: any
    std::uint32_t connections_max = 1024;  // beyond: closed at once
    std::size_t piece_bytes = 16U << 10U;  // are read at a time
    Duration idle_timeout = Duration::seconds(120);  // without a byte; only while it is read
    Duration handshake_timeout = Duration::seconds(30);
    // Null: no TLS. With it the process must ignore SIGPIPE.
    std::shared_ptr<TlsServer> tls = nullptr;
};

// Where the bytes of one connection go. One call at a time, on a thread of the server.
class TcpReceiver {
  public:
    // To be called once, from any thread: true reads on, false closes the connection.
    using Next = std::function<void(bool)>;
    virtual ~TcpReceiver() = default;
    virtual void receive(std::string bytes, Next next) = 0;
    // Nothing more comes, for whatever reason. The last call.
    virtual void end() = 0;
};

class TcpServer {
  public:
    // Of a connection from an address, "10.0.0.1", which has shown a certificate if it has to.
    using MakeReceiver = std::function<std::shared_ptr<TcpReceiver>(const std::string& address)>;
    // A connection was not served, and why.
    using OnRefused = std::function<void(const std::string& address, const std::string& why)>;

    // Listens and serves on a thread of its own. kUnavailable if the address cannot be bound.
    static StatusOr<std::unique_ptr<TcpServer>> start(const TcpOptions& options,
                                                      MakeReceiver make_receiver,
                                                      OnRefused on_refused);
    ~TcpServer();
    TcpServer(const TcpServer&) = delete;
    TcpServer& operator=(const TcpServer&) = delete;

    // Where it listens: 127.0.0.1:1514, [::]:1514.
    [[nodiscard]] const std::string& address() const { return address_; }
    [[nodiscard]] std::uint32_t connections() const;
    // Takes no more connections, reads what has already arrived of those there are, within the
    // deadline, ends them and returns.
    void shutdown(Duration deadline);

  private:
    struct Impl;
    explicit TcpServer(std::shared_ptr<Impl> impl);
    std::shared_ptr<Impl> impl_;  // with its connections
    std::string address_;
};

// The name that the machine's resolver has for an address, without a dot at its end; empty if there
// is none. Blocks.
[[nodiscard]] std::string host_name_of(const std::string& address);

}  // namespace logi::net
