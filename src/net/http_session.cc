#include "net/http_session.h"

#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "net/listen.h"
#include "net/stream.h"
#include "net/websocket_session.h"

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <optional>

namespace logi::net {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;

// An idle connection keeps this much; a body is read in larger pieces.
constexpr std::size_t kIdleBufferBytes = 4U << 10U;
constexpr std::size_t kBodyBufferBytes = 64U << 10U;
// A closed connection reads on for so long, so that the answer is not lost to a reset.
constexpr Duration kLingerTime = Duration::seconds(10);
constexpr std::uint32_t kRefusalsMax = 128;
// To who speaks HTTP where TLS is spoken, as Go's server says it.
constexpr std::string_view kNotTls =
    "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";

// The body of a request as Beast reads it: a string that grows with what has arrived. Beast's own
// string_body allocates what the client claims that it will send.
struct RequestBody {
    using value_type = std::string;

    class reader {
      public:
        template <bool is_request, typename Fields>
        reader(http::header<is_request, Fields>&, value_type& body) : body_(body) {}

        void init(const boost::optional<std::uint64_t>&, beast::error_code& ec) { ec = {}; }

        template <typename Buffers>
        std::size_t put(const Buffers& buffers, beast::error_code& ec) {
            std::size_t bytes = 0;
            for (const auto buffer : beast::buffers_range(buffers)) {
                body_.append(static_cast<const char*>(buffer.data()), buffer.size());
                bytes += buffer.size();
            }
            ec = {};
            return bytes;
        }

        void finish(beast::error_code& ec) { ec = {}; }

      private:
        value_type& body_;
    };
};

// Beast's own throws at a field that is longer than it can store, also among the trailers.
class RequestParser final : public http::request_parser<RequestBody> {
    static constexpr std::size_t kFieldBytesMax = (64U << 10U) - 4;

    void on_field_impl(http::field field,
                       beast::string_view name,
                       beast::string_view value,
                       beast::error_code& ec) override {
        if (name.size() > kFieldBytesMax || value.size() > kFieldBytesMax) {
            ec = http::error::header_limit;
        } else {
            get().insert(field, name, value);
        }
    }
};

// http://host/path, which a client may send instead of /path, without scheme and host.
std::string_view without_authority(std::string_view target) {
    const std::size_t scheme = target.find("://");
    if (target.starts_with('/') || scheme == std::string_view::npos) {
        return target;
    }
    const std::size_t path = target.find_first_of("/?", scheme + 3);
    return path == std::string_view::npos ? "/" : target.substr(path);
}

// All callbacks of a session run on its strand.
class Session : public std::enable_shared_from_this<Session> {
  public:
    Session(std::unique_ptr<Stream> stream,
            std::shared_ptr<SessionShared> shared,
            std::atomic<std::uint32_t> SessionShared::*counter)
        : stream_(std::move(stream)),
          deadline_(stream_->get_executor()),
          shared_(std::move(shared)),
          counter_(counter),
          // Also what is between chunks and behind the last one has an end.
          buffer_(shared_->options.header_bytes_max + kBodyBufferBytes) {
        ((*shared_).*counter_).fetch_add(1);
    }
    ~Session() {
        release_body();
        if (counted_) {
            shared_->requests.fetch_sub(1);
        }
        ((*shared_).*counter_).fetch_sub(1);
    }
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    void serve() {
        asio::dispatch(stream_->get_executor(), [self = shared_from_this()] {
            self->begin([](Session& session) { session.read_header(); });
        });
    }
    void refuse_service() {
        asio::dispatch(stream_->get_executor(), [self = shared_from_this()] {
            self->begin([](Session& session) {
                session.refuse(http::status::service_unavailable, "too many connections\n");
            });
        });
    }

  private:
    // Cuts off the read or write that is begun next if it is not done in time.
    void set_deadline(Duration limit) {
        timed_out_ = false;
        wait_for_deadline(limit, ++deadline_number_);
    }
    void wait_for_deadline(Duration limit, std::uint64_t number) {
        deadline_.expires_after(std::chrono::nanoseconds(limit.ns));
        deadline_.async_wait([self = shared_from_this(), number](beast::error_code ec) {
            if (!ec && number == self->deadline_number_) {
                self->timed_out_ = true;
                beast::error_code ignored;
                self->stream_->socket().cancel(ignored);
                self->wait_for_deadline(kCancelAgain, number);
            }
        });
    }
    void clear_deadline() {
        ++deadline_number_;
        deadline_.cancel();
    }

    // `then` once the connection can be used.
    void begin(void (*then)(Session&)) {
        if (stream_->tls() == nullptr) {
            then(*this);
            return;
        }
        set_deadline(shared_->options.header_timeout);
        stream_->async_handshake([self = shared_from_this(), then](beast::error_code ec) {
            self->clear_deadline();
            if (ec) {
                self->on_handshake_error();
                return;
            }
            self->peer_ = self->stream_->tls()->peer();
            then(*self);
        });
    }
    void on_handshake_error() {
        const TlsConnection& tls = *stream_->tls();
        if (!timed_out_) {
            base::log_debug("a TLS handshake failed", {{"error", tls.error()}});
        }
        if (tls.peer_speaks_http()) {
            set_deadline(shared_->options.write_timeout);
            asio::async_write(stream_->socket(),
                              asio::buffer(kNotTls.data(), kNotTls.size()),
                              [self = shared_from_this()](beast::error_code ec, std::size_t) {
                                  self->clear_deadline();
                                  if (!ec) {
                                      self->hang_up();
                                  }
                              });
        }
    }

    void read_header() {
        release_body();
        if (buffer_.size() == 0 && buffer_.capacity() > kIdleBufferBytes) {
            buffer_.shrink_to_fit();
        }
        buffer_.reserve(kIdleBufferBytes);
        parser_.emplace();
        parser_->header_limit(shared_->options.header_bytes_max);
        parser_->body_limit(shared_->options.body_bytes_max);
        set_deadline(shared_->options.header_timeout);
        http::async_read_header(*stream_,
                                buffer_,
                                *parser_,
                                [self = shared_from_this()](beast::error_code ec, std::size_t) {
                                    self->clear_deadline();
                                    self->on_header(ec);
                                });
    }

    void on_header(beast::error_code ec) {
        if (ec) {
            // A connection that said nothing is closed without a word.
            on_read_error(ec, parser_->got_some() || buffer_.size() > 0);
            return;
        }
        const auto length = parser_->content_length();
        if (length && *length > shared_->options.body_bytes_max) {
            refuse(http::status::payload_too_large, "http: request body too large\n");
            return;
        }
        const auto expect = parser_->get()[http::field::expect];
        if (expect.empty()) {
            begin_body();
        } else if (beast::iequals(expect, "100-continue")) {
            send_continue();
        } else {
            refuse(http::status::expectation_failed, "");
        }
    }

    void send_continue() {
        continue_.emplace(http::status::continue_, parser_->get().version());
        set_deadline(shared_->options.write_timeout);
        http::async_write(
            *stream_, *continue_, [self = shared_from_this()](beast::error_code ec, std::size_t) {
                self->clear_deadline();
                if (!ec) {
                    self->begin_body();
                }
            });
    }

    void begin_body() {
        if (parser_->is_done()) {
            handle();
            return;
        }
        buffer_.reserve(kBodyBufferBytes);
        set_deadline(shared_->options.body_timeout);
        read_body();
    }

    // Piece by piece: what has arrived counts, not what a client claims that it will send.
    void read_body() {
        http::async_read_some(
            *stream_,
            buffer_,
            *parser_,
            [self = shared_from_this()](beast::error_code ec, std::size_t) { self->on_body(ec); });
    }

    void on_body(beast::error_code ec) {
        if (!ec && !reserve_body(parser_->get().body().size())) {
            clear_deadline();
            refuse(http::status::service_unavailable, "too many request bodies at once\n");
            return;
        }
        if (!ec && !parser_->is_done()) {
            read_body();
            return;
        }
        clear_deadline();
        if (ec) {
            on_read_error(ec, true);
        } else {
            handle();
        }
    }

    // Whether the request line alone is too long, and is more than a method.
    [[nodiscard]] bool is_in_target() const {
        constexpr std::size_t kMethodBytesMax = 32;
        const std::string_view read(static_cast<const char*>(buffer_.data().data()),
                                    buffer_.size());
        return parser_->get().target().empty() &&
               read.find('\n') >= shared_->options.header_bytes_max &&
               read.substr(0, kMethodBytesMax).find(' ') != std::string_view::npos;
    }

    void on_read_error(beast::error_code ec, bool begun) {
        if (timed_out_) {
            if (begun) {
                refuse(http::status::request_timeout, "request timeout\n");
            }
        } else if (ec == http::error::body_limit) {
            refuse(http::status::payload_too_large, "http: request body too large\n");
        } else if (ec == http::error::header_limit && is_in_target()) {
            refuse(http::status::uri_too_long, "request target too long\n");
        } else if (ec == http::error::header_limit || ec == http::error::buffer_overflow) {
            refuse(http::status::request_header_fields_too_large, "request header too large\n");
        } else if (ec == http::error::partial_message) {
            refuse(http::status::bad_request, "malformed request: unexpected EOF\n");
        } else if (ec.category() == http::make_error_code(http::error::bad_target).category() &&
                   ec != http::error::end_of_stream) {
            refuse(http::status::bad_request,
                   absl::StrCat("malformed request: ", ec.message(), "\n"));
        }
        // Anything else: the client has gone; the destructor closes.
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
        release_body();
        parser_.reset();
        write(std::move(response));
    }

    void handle() {
        auto message = parser_->release();
        keep_alive_ = message.keep_alive() && !shared_->stopping;
        head_ = message.method() == http::verb::head;
        HttpRequest request;
        request.method = std::string(message.method_string());
        const std::string_view target =
            without_authority({message.target().data(), message.target().size()});
        const std::size_t question = std::min(target.find('?'), target.size());
        request.path = url_decode(target.substr(0, question), false);
        request.query = question < target.size() ? target.substr(question + 1) : "";
        for (const auto& field : message) {
            request.headers.emplace_back(std::string(field.name_string()),
                                         std::string(field.value()));
        }
        request.body = std::move(message.body());
        request.peer = peer_;
        request.cancel = shared_->stopped.child();
        cancel_ = request.cancel;
        shared_->requests.fetch_add(1);
        counted_ = true;
        watch_peer();
        shared_->handler(std::move(request), [self = shared_from_this()](HttpResponse response) {
            asio::dispatch(self->stream_->get_executor(),
                           [self, response = std::move(response)]() mutable {
                               self->stop_watching();
                               self->write(std::move(response));
                           });
        });
    }

    // While a request runs nothing is read: a peer that closes or resets its side is seen here, and
    // its request cancelled, as Go's server does. A peer that only shuts down its sending side
    // looks the same, but still gets the answer.
    void watch_peer() {
        stream_->socket().async_wait(
            tcp::socket::wait_read,
            [self = shared_from_this(), number = watch_number_](beast::error_code ec) {
                if (!ec && number == self->watch_number_) {
                    self->on_peer_readable();
                }
            });
    }
    // The next request may come before this one's answer. It stays in the kernel, which bounds it,
    // and hides what comes behind it.
    void on_peer_readable() {
        if (stream_->tls() != nullptr) {
            const TlsStep step = stream_->tls()->look();
            if (step == TlsStep::kWaitToRead) {
                watch_peer();
            } else if (step != TlsStep::kDone) {
                cancel_.cancel();
            }
            return;
        }
        char next = 0;
        const ssize_t n =
            ::recv(stream_->socket().native_handle(), &next, 1, MSG_PEEK | MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
            watch_peer();
        } else if (n <= 0) {
            cancel_.cancel();
        }
    }
    void stop_watching() {
        ++watch_number_;
        beast::error_code ignored;
        stream_->socket().cancel(ignored);
    }

    void write(HttpResponse response) {
        response_.emplace(static_cast<http::status>(response.status), 11);
        for (const auto& [name, value] : response.headers) {
            response_->insert(name, value);
        }
        if (response.socket != nullptr) {
            socket_source_ = std::move(response.socket);
        } else {
            response_->keep_alive(keep_alive_);
        }
        const std::size_t length = response.body.size();
        response_->body() = head_ ? std::string() : std::move(response.body);
        if (response.status != 204 && socket_source_ == nullptr) {
            response_->content_length(length);
        }
        set_deadline(shared_->options.write_timeout);
        http::async_write(
            *stream_, *response_, [self = shared_from_this()](beast::error_code ec, std::size_t) {
                self->clear_deadline();
                self->on_written(ec);
            });
    }

    void on_written(beast::error_code ec) {
        response_.reset();
        if (counted_) {
            counted_ = false;
            shared_->requests.fetch_sub(1);
        }
        if (ec) {
            return;
        }
        if (socket_source_ != nullptr) {
            become_websocket();
            return;
        }
        if (keep_alive_) {
            read_header();
            return;
        }
        if (stream_->tls() != nullptr) {
            stream_->tls()->say_end();
        }
        hang_up();
    }

    void hang_up() {
        beast::error_code ignored;
        stream_->socket().shutdown(tcp::socket::shutdown_send, ignored);
        release_body();
        buffer_.clear();
        buffer_.reserve(kIdleBufferBytes);
        set_deadline(kLingerTime);
        linger();
    }

    // Of this session nothing is left to be done.
    void become_websocket() {
        release_body();
        std::string received(static_cast<const char*>(buffer_.data().data()), buffer_.size());
        serve_websocket(
            std::move(stream_), std::move(received), std::move(socket_source_), shared_);
    }

    // Closing while bytes are unread would reset the connection, and the peer lose the answer.
    void linger() {
        stream_->socket().async_read_some(
            buffer_.prepare(kIdleBufferBytes),
            [self = shared_from_this()](beast::error_code ec, std::size_t) {
                if (!ec && !self->timed_out_) {
                    self->linger();
                } else {
                    self->clear_deadline();
                }
            });
    }

    // Counts `bytes` of body as this connection's; false if that is too much for the server.
    bool reserve_body(std::uint64_t bytes) {
        const std::uint64_t more = bytes - reserved_;
        if (shared_->inflight_body_bytes.fetch_add(more) + more >
            shared_->options.inflight_body_bytes_max) {
            shared_->inflight_body_bytes.fetch_sub(more);
            return false;
        }
        reserved_ = bytes;
        return true;
    }
    void release_body() {
        shared_->inflight_body_bytes.fetch_sub(reserved_);
        reserved_ = 0;
    }

    std::unique_ptr<Stream> stream_;
    asio::steady_timer deadline_;
    std::uint64_t deadline_number_ = 0;
    bool timed_out_ = false;
    std::shared_ptr<SessionShared> shared_;
    std::shared_ptr<const PeerCertificate> peer_;
    std::atomic<std::uint32_t> SessionShared::*counter_;
    beast::flat_buffer buffer_;
    std::optional<RequestParser> parser_;
    std::optional<http::response<http::empty_body>> continue_;
    std::optional<http::response<http::string_body>> response_;
    std::shared_ptr<WebSocketSource> socket_source_;  // set: the answer is the last one
    io::CancelToken cancel_;                          // of the request that runs
    std::uint64_t watch_number_ = 0;
    std::uint64_t reserved_ = 0;
    bool counted_ = false;
    bool keep_alive_ = true;
    bool head_ = false;
};

}  // namespace

void serve_connection(const Accepted& accepted, std::shared_ptr<SessionShared> shared) {
    if (auto stream = open_stream(accepted, shared->options.tls.get()); stream != nullptr) {
        std::make_shared<Session>(std::move(stream), std::move(shared), &SessionShared::connections)
            ->serve();
    }
}

void refuse_connection(const Accepted& accepted, std::shared_ptr<SessionShared> shared) {
    std::unique_ptr<Stream> stream = open_stream(accepted, shared->options.tls.get());
    // They take files too, of which there may be few.
    const std::uint32_t refusals_max =
        std::min(kRefusalsMax, shared->options.connections_max / 4 + 1);
    if (stream != nullptr && shared->refusals < refusals_max) {
        std::make_shared<Session>(std::move(stream), std::move(shared), &SessionShared::refusals)
            ->refuse_service();
    }
}

}  // namespace logi::net
