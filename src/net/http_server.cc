#include "net/http_server.h"

#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "net/http_session.h"

#include <boost/asio.hpp>

#include <algorithm>
#include <chrono>
#include <sstream>
#include <thread>

namespace logi::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using ErrorCode = boost::system::error_code;

// How long to wait after a failed accept: without file descriptors it fails again at once.
constexpr std::chrono::milliseconds kAcceptBackOff(50);
// How long requests that are cancelled at a stop have for their answers, and WebSockets that are
// closed for their peers' answers.
constexpr std::chrono::seconds kCancelTime(1);

std::chrono::nanoseconds to_chrono(Duration d) {
    return std::chrono::nanoseconds(d.ns);
}

bool is_missing(ErrorCode ec) {
    return ec == asio::error::address_family_not_supported ||
           ec == std::errc::address_not_available;
}

std::string host_and_port(const ServerOptions& options) {
    const bool bare_v6 = options.address.find(':') != std::string::npos;
    return bare_v6 ? absl::StrCat("[", options.address, "]:", options.port)
                   : absl::StrCat(options.address, ":", options.port);
}

std::string to_text(const tcp::endpoint& endpoint) {
    std::ostringstream out;
    out << endpoint;  // [::1]:3100 for IPv6
    return out.str();
}

// Of a name's addresses the first, IPv4 before IPv6, as Go's net.Listen takes it.
tcp::endpoint resolve(asio::io_context& context, const std::string& host, std::uint16_t port) {
    ErrorCode ec;
    const auto address = asio::ip::make_address(host, ec);
    if (!ec) {
        return {address, port};
    }
    tcp::resolver resolver(context);
    const auto found = resolver.resolve(host, "", tcp::resolver::flags());
    const auto v4 = std::find_if(found.begin(), found.end(), [](const auto& entry) {
        return entry.endpoint().protocol() == tcp::v4();
    });
    return {(v4 == found.end() ? found.begin() : v4)->endpoint().address(), port};
}

}  // namespace

struct HttpServer::Impl {
    explicit Impl(std::shared_ptr<SessionShared> s)
        : shared(std::move(s)),
          context(static_cast<int>(shared->options.threads)),
          acceptor(asio::make_strand(context)),
          back_off(acceptor.get_executor()) {}

    void bind(const tcp::endpoint& endpoint) {
        acceptor.open(endpoint.protocol());
        acceptor.set_option(asio::socket_base::reuse_address(true));
        if (endpoint.address().is_unspecified() && endpoint.protocol() == tcp::v6()) {
            acceptor.set_option(asio::ip::v6_only(false));
        }
        acceptor.bind(endpoint);
    }
    void listen(const std::string& host, std::uint16_t port) {
        try {
            bind(host.empty() ? tcp::endpoint(tcp::v6(), port) : resolve(context, host, port));
        } catch (const boost::system::system_error& e) {
            if (!host.empty() || !is_missing(e.code())) {
                throw;
            }
            // A machine without IPv6.
            ErrorCode ignored;
            acceptor.close(ignored);
            bind(tcp::endpoint(tcp::v4(), port));
        }
        acceptor.listen();
    }

    // Runs on the acceptor's strand.
    void accept() {
        acceptor.async_accept(context, [this](ErrorCode ec, tcp::socket socket) {
            if (shared->stopping) {
                return;
            }
            if (ec) {
                back_off.expires_after(kAcceptBackOff);
                back_off.async_wait([this](ErrorCode) { accept(); });
                return;
            }
            const bool is_v6 = acceptor.local_endpoint(ec).protocol() == tcp::v6();
            const Accepted accepted{context, socket.release(ec), is_v6};
            if (ec) {
                accept();
                return;
            }
            if (shared->connections < shared->options.connections_max) {
                serve_connection(accepted, shared);
            } else {
                refuse_connection(accepted, shared);
            }
            accept();
        });
    }

    // What throws takes its connection with it, not the server.
    void run() {
        while (true) {
            try {
                context.run();
                return;
            } catch (const std::exception& e) {
                base::log_error("a connection was closed by a fault of ours",
                                {{"error", e.what()}});
            }
        }
    }

    void wait_for_requests(std::chrono::nanoseconds limit) const {
        wait_for_none(shared->requests, limit);
    }
    static void wait_for_none(const std::atomic<std::uint32_t>& count,
                              std::chrono::nanoseconds limit) {
        const auto end = std::chrono::steady_clock::now() + limit;
        while (count > 0 && std::chrono::steady_clock::now() < end) {
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
    }

    std::shared_ptr<SessionShared> shared;
    asio::io_context context;
    tcp::acceptor acceptor;
    asio::steady_timer back_off;
    std::vector<std::thread> threads;
};

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpServer::~HttpServer() {
    shutdown(Duration{0});
}

StatusOr<std::unique_ptr<HttpServer>> HttpServer::start(const ServerOptions& options,
                                                        HttpHandler handler) {
    auto shared = std::make_shared<SessionShared>();
    shared->options = options;
    shared->handler = std::move(handler);
    auto impl = std::make_unique<Impl>(shared);
    try {
        impl->listen(options.address, options.port);
    } catch (const std::exception& e) {
        return absl::UnavailableError(
            absl::StrCat("cannot listen on ", host_and_port(options), ": ", e.what()));
    }
    Impl* raw = impl.get();
    asio::post(raw->acceptor.get_executor(), [raw] { raw->accept(); });
    for (unsigned i = 0; i < std::max(options.threads, 1U); ++i) {
        impl->threads.emplace_back([raw] { raw->run(); });
    }
    return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

std::uint16_t HttpServer::port() const {
    return impl_->acceptor.local_endpoint().port();
}

std::string HttpServer::address() const {
    return to_text(impl_->acceptor.local_endpoint());
}

bool HttpServer::is_local() const {
    return impl_->acceptor.local_endpoint().address().is_loopback();
}

std::uint32_t HttpServer::connections() const {
    return impl_->shared->connections;
}

void HttpServer::shutdown(Duration deadline) {
    if (impl_->threads.empty()) {
        return;
    }
    impl_->shared->stopping = true;
    asio::post(impl_->acceptor.get_executor(), [this] {
        ErrorCode ignored;
        impl_->acceptor.close(ignored);
    });
    impl_->shared->on_stop.run();
    impl_->wait_for_requests(to_chrono(deadline));
    impl_->wait_for_none(impl_->shared->sockets, kCancelTime);
    impl_->shared->stopped.cancel(io::CancelToken::Cause::kStopping);
    impl_->wait_for_requests(kCancelTime);
    impl_->context.stop();
    for (auto& thread : impl_->threads) {
        thread.join();
    }
    impl_->threads.clear();
}

}  // namespace logi::net
