#include "net/websocket_session.h"

#include "net/stream.h"
#include "net/websocket_frame.h"

#include <boost/asio.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <optional>

namespace logi::net {
namespace {

namespace asio = boost::asio;
using ErrorCode = boost::system::error_code;

constexpr std::size_t kFramesReadBytes = 1U << 10U;
// What the kernel may hold of what a peer does not read.
constexpr int kSendBufferBytes = 256 << 10;
// The peer answers to pings: when nothing is heard for so long, nobody is there, or reads.
constexpr auto kPingEvery = std::chrono::seconds(1);
constexpr auto kSilenceMax = std::chrono::seconds(60);
// How long the peer has to answer when we close.
constexpr auto kCloseTime = std::chrono::seconds(5);

// All callbacks run on the stream's strand.
class WebSocketSession : public std::enable_shared_from_this<WebSocketSession> {
  public:
    WebSocketSession(std::unique_ptr<Stream> stream,
                     std::shared_ptr<WebSocketSource> source,
                     std::shared_ptr<SessionShared> shared)
        : stream_(std::move(stream)),
          timer_(stream_->get_executor()),
          source_(std::move(source)),
          shared_(std::move(shared)) {
        shared_->connections.fetch_add(1);
        shared_->sockets.fetch_add(1);
    }
    ~WebSocketSession() {
        source_closed();
        shared_->on_stop.remove(this);
        shared_->sockets.fetch_sub(1);
        shared_->connections.fetch_sub(1);
    }
    WebSocketSession(const WebSocketSession&) = delete;
    WebSocketSession& operator=(const WebSocketSession&) = delete;

    void run(const std::string& received) {
        const std::weak_ptr<WebSocketSession> weak = weak_from_this();
        ErrorCode ignored;
        stream_->socket().set_option(asio::socket_base::send_buffer_size(kSendBufferBytes),
                                     ignored);
        heard_ = std::chrono::steady_clock::now();
        shared_->on_stop.add(this, [weak] {
            on_strand(weak, [](WebSocketSession& self) {
                self.close({WebSocketClose::kGoingAway, "the server is stopping"});
            });
        });
        source_->open([weak] { wake(weak); });
        tick();
        if (on_bytes(received)) {
            read();
        }
        if (shared_->stopping) {
            close({WebSocketClose::kGoingAway, "the server is stopping"});
        }
        write();
    }

  private:
    static void on_strand(const std::weak_ptr<WebSocketSession>& weak,
                          void (*action)(WebSocketSession&)) {
        if (const auto self = weak.lock()) {
            asio::post(self->stream_->get_executor(), [self, action] { action(*self); });
        }
    }
    static void wake(const std::weak_ptr<WebSocketSession>& weak) {
        const auto self = weak.lock();
        if (self != nullptr && !self->woken_.exchange(true)) {
            asio::post(self->stream_->get_executor(), [self] {
                self->woken_ = false;
                self->write();
            });
        }
    }

    void tick() {
        timer_.expires_after(kPingEvery);
        timer_.async_wait([self = shared_from_this()](ErrorCode ec) {
            if (!ec) {
                self->on_tick();
            }
        });
    }
    void on_tick() {
        if (ended_) {
            return;
        }
        const auto now = std::chrono::steady_clock::now();
        if (now - heard_ > kSilenceMax ||
            (close_.has_value() && now - closing_since_ > kCloseTime)) {
            end();
            return;
        }
        ping_due_ = true;
        write();
        tick();
    }

    void read() {
        stream_->async_read_some(asio::buffer(in_),
                                 [self = shared_from_this()](ErrorCode ec, std::size_t bytes) {
                                     if (ec) {
                                         self->end();
                                     } else if (self->on_bytes({self->in_.data(), bytes})) {
                                         self->read();
                                     }
                                 });
    }

    // False once nothing more is to be read.
    bool on_bytes(std::string_view bytes) {
        heard_ = std::chrono::steady_clock::now();
        if (failed_) {
            return true;
        }
        WebSocketEvents events;
        if (auto wrong = decoder_.feed(bytes, events)) {
            // Closing while bytes are unread would reset the connection, and the peer lose the
            // reason.
            failed_ = true;
            close(*std::move(wrong));
            return true;
        }
        if (events.ping.has_value()) {
            pong_ = std::move(events.ping);
            write();
        }
        if (!events.close.has_value()) {
            return true;
        }
        peer_closed_ = true;
        if (close_sent_) {
            end();
        } else {
            close(*std::move(events.close));
        }
        return false;
    }

    void close(WebSocketClose close) {
        if (!close_.has_value()) {
            close_ = std::move(close);
            closing_since_ = std::chrono::steady_clock::now();
            write();
        }
    }

    // Begins to write what is to be written, if nothing is being written.
    void write() {
        if (writing_ || ended_ || close_sent_) {
            return;
        }
        out_ = {};
        if (close_.has_value()) {
            out_header_ = websocket_close(*close_);
            close_sent_ = true;
        } else if (pong_.has_value()) {
            out_header_ = websocket_control(WebSocketOp::kPong, *pong_);
            pong_.reset();
        } else if (ping_due_) {
            out_header_ = websocket_control(WebSocketOp::kPing, "");
            ping_due_ = false;
        } else if (!take_next()) {
            return;
        }
        writing_ = true;
        const std::string_view text = out_.text == nullptr ? std::string_view() : *out_.text;
        const std::array<asio::const_buffer, 3> buffers = {asio::buffer(out_header_),
                                                           asio::buffer(text.data(), text.size()),
                                                           asio::buffer(out_.end)};
        asio::async_write(
            *stream_, buffers, [self = shared_from_this()](ErrorCode ec, std::size_t) {
                self->on_written(ec);
            });
    }
    // False if there is nothing to be sent.
    bool take_next() {
        WebSocketNext next = source_->next();
        if (auto* message = std::get_if<WebSocketMessage>(&next)) {
            out_ = std::move(*message);
            out_header_ =
                websocket_header(WebSocketOp::kText,
                                 (out_.text == nullptr ? 0 : out_.text->size()) + out_.end.size());
            return true;
        }
        if (auto* closing = std::get_if<WebSocketClose>(&next)) {
            close_ = std::move(*closing);
            closing_since_ = std::chrono::steady_clock::now();
            close_sent_ = true;
            out_header_ = websocket_close(*close_);
            return true;
        }
        return false;
    }
    void on_written(ErrorCode ec) {
        writing_ = false;
        out_ = {};
        if (ec || (close_sent_ && peer_closed_)) {
            end();
        } else if (close_sent_) {
            source_closed();  // the peer closes, too
        } else {
            write();
        }
    }

    void source_closed() {
        if (source_ != nullptr) {
            source_->closed();
            source_ = nullptr;
        }
    }

    // Drops the connection.
    void end() {
        if (ended_) {
            return;
        }
        ended_ = true;
        timer_.cancel();
        source_closed();
        if (stream_->tls() != nullptr) {
            stream_->tls()->say_end();
        }
        ErrorCode ignored;
        stream_->socket().close(ignored);
    }

    const std::unique_ptr<Stream> stream_;
    asio::steady_timer timer_;
    std::shared_ptr<WebSocketSource> source_;  // null when it has been told of the end
    const std::shared_ptr<SessionShared> shared_;
    WebSocketDecoder decoder_;
    std::array<char, kFramesReadBytes> in_{};
    std::string out_header_;
    WebSocketMessage out_;
    std::optional<std::string> pong_;
    std::optional<WebSocketClose> close_;  // that is to be sent, or was
    std::chrono::steady_clock::time_point heard_;
    std::chrono::steady_clock::time_point closing_since_;
    std::atomic<bool> woken_{false};
    bool ping_due_ = false;
    bool writing_ = false;
    bool close_sent_ = false;
    bool peer_closed_ = false;
    bool failed_ = false;  // the peer has broken the rules: what it says is not looked at
    bool ended_ = false;
};

}  // namespace

void serve_websocket(std::unique_ptr<Stream> stream,
                     std::string received,
                     std::shared_ptr<WebSocketSource> source,
                     std::shared_ptr<SessionShared> shared) {
    std::make_shared<WebSocketSession>(std::move(stream), std::move(source), std::move(shared))
        ->run(received);
}

}  // namespace logi::net
