#include "net/listen.h"

#include "absl/strings/str_cat.h"
#include "base/log.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/strand.hpp>

#include <algorithm>

namespace logi::net {

namespace asio = boost::asio;
using asio::ip::tcp;
using ErrorCode = boost::system::error_code;

asio::ip::address resolve_host(asio::io_context& context, const std::string& host) {
    ErrorCode ec;
    const auto address = asio::ip::make_address(host, ec);
    if (!ec) {
        return address;
    }
    tcp::resolver resolver(context);
    const auto found = resolver.resolve(host, "", tcp::resolver::flags());
    const auto v4 = std::find_if(found.begin(), found.end(), [](const auto& entry) {
        return entry.endpoint().protocol() == tcp::v4();
    });
    return (v4 == found.end() ? found.begin() : v4)->endpoint().address();
}

bool is_missing_family(const ErrorCode& ec) {
    return ec == asio::error::address_family_not_supported ||
           ec == std::errc::address_not_available;
}

namespace {

void bind_to(tcp::acceptor& acceptor, const tcp::endpoint& endpoint) {
    acceptor.open(endpoint.protocol());
    acceptor.set_option(asio::socket_base::reuse_address(true));
    if (endpoint.address().is_unspecified() && endpoint.protocol() == tcp::v6()) {
        acceptor.set_option(asio::ip::v6_only(false));
    }
    acceptor.bind(endpoint);
}

}  // namespace

void listen_on(tcp::acceptor& acceptor,
               asio::io_context& context,
               const std::string& host,
               std::uint16_t port) {
    try {
        bind_to(acceptor,
                host.empty() ? tcp::endpoint(tcp::v6(), port)
                             : tcp::endpoint(resolve_host(context, host), port));
    } catch (const boost::system::system_error& e) {
        if (!host.empty() || !is_missing_family(e.code())) {
            throw;
        }
        // A machine without IPv6.
        ErrorCode ignored;
        acceptor.close(ignored);
        bind_to(acceptor, tcp::endpoint(tcp::v4(), port));
    }
    acceptor.listen();
}

std::string host_and_port(const std::string& host, std::uint16_t port) {
    const bool bare_v6 = host.find(':') != std::string::npos;
    return bare_v6 ? absl::StrCat("[", host, "]:", port) : absl::StrCat(host, ":", port);
}

std::string endpoint_text(const asio::ip::address& address, std::uint16_t port) {
    return host_and_port(address.to_string(), port);
}

std::string text_of(const asio::ip::address& address) {
    if (address.is_v6() && address.to_v6().is_v4_mapped()) {
        return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
    }
    return address.to_string();
}

std::unique_ptr<Stream> open_stream(const Accepted& accepted, const TlsServer* tls) {
    ErrorCode ignored;
    tcp::socket socket(asio::make_strand(accepted.context));
    socket.assign(accepted.is_v6 ? tcp::v6() : tcp::v4(), accepted.fd, ignored);
    socket.set_option(tcp::no_delay(true), ignored);
    if (tls == nullptr) {
        return std::make_unique<Stream>(std::move(socket));
    }
    auto connection = TlsConnection::make(tls->identity()->context, accepted.fd);
    return connection == nullptr
               ? nullptr
               : std::make_unique<Stream>(std::move(socket), std::move(connection));
}

void run_connections(boost::asio::io_context& context) {
    while (true) {
        try {
            context.run();
            return;
        } catch (const std::exception& e) {
            base::log_error("a connection was closed by a fault of ours", {{"error", e.what()}});
        }
    }
}

}  // namespace logi::net
