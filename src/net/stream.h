// A connection as the sources of this module see it, plain or with TLS; this header and listen.h
// are the only ones that know of Asio.
#pragma once

#include "base/time.h"
#include "net/tls_connection.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <utility>

namespace logi::net {

// Between two steps of a read there is nothing to cancel: who ends one cancels again so much later.
inline constexpr Duration kCancelAgain = Duration::millis(50);

// Reads and writes as Beast and Asio want it of a stream. One strand at a time. What is under way
// ends with operation_aborted when socket() is cancelled while it waits for the peer.
class Stream {
  public:
    using Socket = boost::asio::ip::tcp::socket;
    using executor_type = Socket::executor_type;
    using ErrorCode = boost::system::error_code;

    explicit Stream(Socket socket) : socket_(std::move(socket)) {}
    // With TLS, for which async_handshake() comes first. `tls` is for the socket's file.
    Stream(Socket socket, std::unique_ptr<TlsConnection> tls)
        : socket_(std::move(socket)), tls_(std::move(tls)) {
        ErrorCode ignored;
        socket_.native_non_blocking(true, ignored);
    }

    executor_type get_executor() { return socket_.get_executor(); }
    // What is written to it or read from it goes past TLS.
    [[nodiscard]] Socket& socket() { return socket_; }
    // Null: plain.
    [[nodiscard]] TlsConnection* tls() { return tls_.get(); }

    // `handler` gets an ErrorCode.
    template <typename Handler>
    void async_handshake(Handler handler) {
        go_on([this](std::size_t&) { return tls_->handshake(); },
              [handler = std::move(handler)](ErrorCode ec, std::size_t) mutable { handler(ec); });
    }
    template <typename Buffers, typename Handler>
    void async_read_some(const Buffers& buffers, Handler&& handler) {
        if (tls_ == nullptr) {
            socket_.async_read_some(buffers, std::forward<Handler>(handler));
            return;
        }
        const auto out = first_of<boost::asio::mutable_buffer>(buffers);
        go_on([this, out](std::size_t& bytes) { return tls_->read(out.data(), out.size(), bytes); },
              std::forward<Handler>(handler));
    }
    template <typename Buffers, typename Handler>
    void async_write_some(const Buffers& buffers, Handler&& handler) {
        if (tls_ == nullptr) {
            socket_.async_write_some(buffers, std::forward<Handler>(handler));
            return;
        }
        go_on([this, buffers](std::size_t& bytes) { return write_record(buffers, bytes); },
              std::forward<Handler>(handler));
    }

  private:
    // What TLS encrypts at once.
    static constexpr std::size_t kRecordBytes = 16U << 10U;

    template <typename Buffer, typename Buffers>
    static Buffer first_of(const Buffers& buffers) {
        const auto end = boost::asio::buffer_sequence_end(buffers);
        const auto it = std::find_if(boost::asio::buffer_sequence_begin(buffers),
                                     end,
                                     [](const Buffer& buffer) { return buffer.size() > 0; });
        return it == end ? Buffer() : Buffer(*it);
    }

    // A header and a short body go out together.
    template <typename Buffers>
    TlsStep write_record(const Buffers& buffers, std::size_t& bytes) {
        const auto first = first_of<boost::asio::const_buffer>(buffers);
        if (first.size() >= kRecordBytes) {
            return tls_->write(first.data(), first.size(), bytes);
        }
        std::array<char, kRecordBytes> record;
        const std::size_t size = boost::asio::buffer_copy(boost::asio::buffer(record), buffers);
        return size == 0 ? TlsStep::kDone : tls_->write(record.data(), size, bytes);
    }

    // Tries again until `step` need not wait any more; then calls the handler, never at once.
    template <typename Step, typename Handler>
    void go_on(Step step, Handler&& handler) {
        std::size_t bytes = 0;
        // TLS knows the file by its number, which may be another's once this one is closed.
        const TlsStep result = socket_.is_open() ? step(bytes) : TlsStep::kFailed;
        if (result == TlsStep::kWaitToRead || result == TlsStep::kWaitToWrite) {
            wait(result, std::move(step), std::forward<Handler>(handler));
            return;
        }
        ErrorCode ec;
        if (result != TlsStep::kDone) {
            ec = result == TlsStep::kEnd ? ErrorCode(boost::asio::error::eof)
                                         : ErrorCode(boost::asio::error::connection_aborted);
        }
        boost::asio::post(get_executor(),
                          [handler = std::forward<Handler>(handler), ec, bytes]() mutable {
                              handler(ec, bytes);
                          });
    }
    template <typename Step, typename Handler>
    void wait(TlsStep what, Step step, Handler&& handler) {
        const auto direction =
            what == TlsStep::kWaitToRead ? Socket::wait_read : Socket::wait_write;
        socket_.async_wait(direction,
                           [this, step = std::move(step), handler = std::forward<Handler>(handler)](
                               ErrorCode ec) mutable {
                               if (ec) {
                                   handler(ec, std::size_t{0});
                               } else {
                                   go_on(std::move(step), std::move(handler));
                               }
                           });
    }

    Socket socket_;
    std::unique_ptr<TlsConnection> tls_;
};

}  // namespace logi::net
