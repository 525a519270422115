// How servers of this module listen and take connections. For its .cc files.
#pragma once

#include "net/stream.h"
#include "net/tls.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace boost::asio {
class io_context;
}

namespace logi::net {

// How long to wait after a failed accept: without file descriptors it fails again at once.
inline constexpr std::chrono::milliseconds kAcceptBackOff(50);

// Of a name's addresses the first, IPv4 before IPv6, as Go's net.Listen takes it. Throws
// boost::system::system_error.
boost::asio::ip::address resolve_host(boost::asio::io_context& context, const std::string& host);

// Whether an error of binding says that the machine has no such family of addresses.
[[nodiscard]] bool is_missing_family(const boost::system::error_code& ec);

// An empty `host` is every address of the machine. Throws boost::system::system_error.
void listen_on(boost::asio::ip::tcp::acceptor& acceptor,
               boost::asio::io_context& context,
               const std::string& host,
               std::uint16_t port);

// HOST:PORT, [HOST]:PORT: as errors name where a server should listen.
[[nodiscard]] std::string host_and_port(const std::string& host, std::uint16_t port);
// The same of where it does.
[[nodiscard]] std::string endpoint_text(const boost::asio::ip::address& address,
                                        std::uint16_t port);

// An IPv4 address that has come over IPv6 as what it is: 10.0.0.1.
[[nodiscard]] std::string text_of(const boost::asio::ip::address& address);

// A TCP connection that was accepted; whoever serves it closes it.
struct Accepted {
    boost::asio::io_context& context;
    int fd;
    bool is_v6;
};

// On a strand of its own; `tls` null: plain. Null if there is no memory for TLS.
std::unique_ptr<Stream> open_stream(const Accepted& accepted, const TlsServer* tls);

// Until the context has no more to do: what throws takes its connection with it, not the server.
void run_connections(boost::asio::io_context& context);

}  // namespace logi::net
