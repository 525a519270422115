#include "net/http_server.h"

#include "absl/strings/str_cat.h"
#include "net/http_session.h"
#include "net/listen.h"

#include <boost/asio.hpp>

#include <algorithm>
#include <chrono>
#include <thread>

namespace logi::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using ErrorCode = boost::system::error_code;

// How long requests that are cancelled at a stop have for their answers, and WebSockets that are
// closed for their peers' answers.
constexpr std::chrono::seconds kCancelTime(1);

std::chrono::nanoseconds to_chrono(Duration d) {
    return std::chrono::nanoseconds(d.ns);
}

}  // namespace

struct HttpServer::Impl {
    explicit Impl(std::shared_ptr<SessionShared> s)
        : shared(std::move(s)),
          context(static_cast<int>(shared->options.threads)),
          acceptor(asio::make_strand(context)),
          back_off(acceptor.get_executor()) {}

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
        listen_on(impl->acceptor, impl->context, options.address, options.port);
    } catch (const std::exception& e) {
        return absl::UnavailableError(absl::StrCat(
            "cannot listen on ", host_and_port(options.address, options.port), ": ", e.what()));
    }
    Impl* raw = impl.get();
    asio::post(raw->acceptor.get_executor(), [raw] { raw->accept(); });
    for (unsigned i = 0; i < std::max(options.threads, 1U); ++i) {
        impl->threads.emplace_back([raw] { run_connections(raw->context); });
    }
    return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

std::uint16_t HttpServer::port() const {
    return impl_->acceptor.local_endpoint().port();
}

std::string HttpServer::address() const {
    const tcp::endpoint endpoint = impl_->acceptor.local_endpoint();
    return endpoint_text(endpoint.address(), endpoint.port());
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
