#include "net/http_server.h"

#include "absl/strings/str_cat.h"

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include <atomic>
#include <chrono>
#include <optional>
#include <thread>

namespace logi::net {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;

std::chrono::nanoseconds to_chrono(Duration d) {
    return std::chrono::nanoseconds(d.ns);
}

struct Shared {
    ServerOptions options;
    HttpHandler handler;
    std::atomic<std::uint64_t> inflight_body_bytes{0};
    std::atomic<std::uint32_t> connections{0};
    std::atomic<std::uint32_t> requests{0};
    std::atomic<bool> stopping{false};
};

// One connection. All its callbacks run on its strand.
class Session : public std::enable_shared_from_this<Session> {
  public:
    Session(tcp::socket socket, std::shared_ptr<Shared> shared)
        : stream_(std::move(socket)), shared_(std::move(shared)) {
        buffer_.reserve(std::size_t{128} << 10U);
        shared_->connections.fetch_add(1);
    }
    ~Session() {
        release_body();
        shared_->connections.fetch_sub(1);
    }
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    void begin() {
        asio::dispatch(stream_.get_executor(),
                       [self = shared_from_this()] { self->read_header(); });
    }

  private:
    void read_header() {
        release_body();
        parser_.emplace();
        parser_->header_limit(shared_->options.header_bytes_max);
        parser_->body_limit(shared_->options.body_bytes_max);
        stream_.expires_after(to_chrono(shared_->options.header_timeout));
        http::async_read_header(stream_,
                                buffer_,
                                *parser_,
                                [self = shared_from_this()](beast::error_code ec, std::size_t) {
                                    self->on_header(ec);
                                });
    }

    void on_header(beast::error_code ec) {
        if (ec) {
            on_read_error(ec);
            return;
        }
        const auto length = parser_->content_length();
        const std::uint64_t claimed = length ? *length : 0;
        if (claimed > shared_->options.body_bytes_max) {
            refuse(http::status::payload_too_large, "request body too large\n");
            return;
        }
        if (!reserve_body(claimed)) {
            refuse(http::status::service_unavailable, "too many request bodies at once\n");
            return;
        }
        if (beast::iequals(parser_->get()[http::field::expect], "100-continue")) {
            continue_.emplace(http::status::continue_, parser_->get().version());
            http::async_write(stream_,
                              *continue_,
                              [self = shared_from_this()](beast::error_code error, std::size_t) {
                                  if (!error) {
                                      self->read_body();
                                  }
                              });
            return;
        }
        read_body();
    }

    void read_body() {
        stream_.expires_after(to_chrono(shared_->options.body_timeout));
        http::async_read(stream_,
                         buffer_,
                         *parser_,
                         [self = shared_from_this()](beast::error_code ec, std::size_t) {
                             if (ec) {
                                 self->on_read_error(ec);
                             } else {
                                 self->handle();
                             }
                         });
    }

    void on_read_error(beast::error_code ec) {
        if (ec == http::error::body_limit) {
            refuse(http::status::payload_too_large, "request body too large\n");
        } else if (ec == http::error::header_limit) {
            refuse(http::status::request_header_fields_too_large, "request header too large\n");
        } else if (ec.category() == http::make_error_code(http::error::bad_target).category() &&
                   ec != http::error::end_of_stream && ec != http::error::partial_message) {
            refuse(http::status::bad_request,
                   absl::StrCat("malformed request: ", ec.message(), "\n"));
        }
        // Anything else: the client has gone or was too slow; the destructor closes.
    }

    void refuse(http::status status, std::string text) {
        HttpResponse response;
        response.status = static_cast<int>(status);
        response.headers = {{"Content-Type", "text/plain; charset=utf-8"}};
        if (status == http::status::service_unavailable) {
            response.headers.emplace_back("Retry-After", "1");
        }
        response.body = std::move(text);
        keep_alive_ = false;
        head_ = false;
        write(std::move(response));
    }

    void handle() {
        auto message = parser_->release();
        keep_alive_ = message.keep_alive() && !shared_->stopping;
        head_ = message.method() == http::verb::head;
        HttpRequest request;
        request.method = std::string(message.method_string());
        const std::string target(message.target());
        const std::size_t question = std::min(target.find('?'), target.size());
        request.path = url_decode(std::string_view(target).substr(0, question), false);
        request.query = question < target.size() ? target.substr(question + 1) : "";
        for (const auto& field : message) {
            request.headers.emplace_back(std::string(field.name_string()),
                                         std::string(field.value()));
        }
        request.body = std::move(message.body());
        stream_.expires_never();
        shared_->requests.fetch_add(1);
        shared_->handler(std::move(request), [self = shared_from_this()](HttpResponse response) {
            asio::dispatch(self->stream_.get_executor(),
                           [self, response = std::move(response)]() mutable {
                               self->shared_->requests.fetch_sub(1);
                               self->write(std::move(response));
                           });
        });
    }

    void write(HttpResponse response) {
        response_.emplace(static_cast<http::status>(response.status), 11);
        for (const auto& [name, value] : response.headers) {
            response_->insert(name, value);
        }
        response_->keep_alive(keep_alive_);
        const std::size_t length = response.body.size();
        response_->body() = head_ ? std::string() : std::move(response.body);
        if (response.status != 204) {
            response_->content_length(length);
        }
        stream_.expires_after(to_chrono(shared_->options.write_timeout));
        http::async_write(
            stream_, *response_, [self = shared_from_this()](beast::error_code ec, std::size_t) {
                if (!ec && self->keep_alive_) {
                    self->read_header();
                } else if (!ec) {
                    beast::error_code ignored;
                    self->stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
                }
            });
    }

    bool reserve_body(std::uint64_t bytes) {
        if (shared_->inflight_body_bytes.fetch_add(bytes) + bytes >
            shared_->options.inflight_body_bytes_max) {
            shared_->inflight_body_bytes.fetch_sub(bytes);
            return false;
        }
        reserved_ = bytes;
        return true;
    }
    void release_body() {
        shared_->inflight_body_bytes.fetch_sub(reserved_);
        reserved_ = 0;
    }

    beast::tcp_stream stream_;
    std::shared_ptr<Shared> shared_;
    beast::flat_buffer buffer_;
    std::optional<http::request_parser<http::string_body>> parser_;
    std::optional<http::response<http::empty_body>> continue_;
    std::optional<http::response<http::string_body>> response_;
    std::uint64_t reserved_ = 0;
    bool keep_alive_ = true;
    bool head_ = false;
};

}  // namespace

struct HttpServer::Impl {
    explicit Impl(std::shared_ptr<Shared> s)
        : shared(std::move(s)),
          context(static_cast<int>(shared->options.threads)),
          acceptor(context) {}

    void accept() {
        acceptor.async_accept(
            asio::make_strand(context), [this](beast::error_code ec, tcp::socket socket) {
                if (shared->stopping) {
                    return;
                }
                if (!ec && shared->connections < shared->options.connections_max) {
                    beast::error_code ignored;
                    socket.set_option(tcp::no_delay(true), ignored);
                    std::make_shared<Session>(std::move(socket), shared)->begin();
                }
                accept();
            });
    }

    std::shared_ptr<Shared> shared;
    asio::io_context context;
    tcp::acceptor acceptor;
    std::vector<std::thread> threads;
};

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpServer::~HttpServer() {
    shutdown(Duration{0});
}

StatusOr<std::unique_ptr<HttpServer>> HttpServer::start(const ServerOptions& options,
                                                        HttpHandler handler) {
    auto shared = std::make_shared<Shared>();
    shared->options = options;
    shared->handler = std::move(handler);
    auto impl = std::make_unique<Impl>(shared);
    try {
        const tcp::endpoint endpoint(asio::ip::make_address(options.address), options.port);
        impl->acceptor.open(endpoint.protocol());
        impl->acceptor.set_option(asio::socket_base::reuse_address(true));
        impl->acceptor.bind(endpoint);
        impl->acceptor.listen();
    } catch (const std::exception& e) {
        return absl::UnavailableError(
            absl::StrCat("cannot listen on ", options.address, ":", options.port, ": ", e.what()));
    }
    impl->accept();
    Impl* raw = impl.get();
    for (unsigned i = 0; i < std::max(options.threads, 1U); ++i) {
        impl->threads.emplace_back([raw] { raw->context.run(); });
    }
    return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

std::uint16_t HttpServer::port() const {
    return impl_->acceptor.local_endpoint().port();
}

void HttpServer::shutdown(Duration deadline) {
    if (impl_->threads.empty()) {
        return;
    }
    impl_->shared->stopping = true;
    asio::post(impl_->context, [this] {
        beast::error_code ignored;
        impl_->acceptor.close(ignored);
    });
    const auto end = std::chrono::steady_clock::now() + to_chrono(deadline);
    while (impl_->shared->requests > 0 && std::chrono::steady_clock::now() < end) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    impl_->context.stop();
    for (auto& thread : impl_->threads) {
        thread.join();
    }
    impl_->threads.clear();
}

bool is_loopback(const std::string& address) {
    boost::system::error_code ec;
    const auto parsed = asio::ip::make_address(address, ec);
    return !ec && parsed.is_loopback();
}

}  // namespace logi::net
