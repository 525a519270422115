// A connection as the sources of this module see it; the only header that knows of Asio.
#pragma once

#include <boost/asio/ip/tcp.hpp>

#include <utility>

namespace logi::net {

// Reads and writes as Beast and Asio want it of a stream. One strand at a time.
class Stream {
  public:
    using Socket = boost::asio::ip::tcp::socket;
    using executor_type = Socket::executor_type;

    explicit Stream(Socket socket) : socket_(std::move(socket)) {}

    executor_type get_executor() { return socket_.get_executor(); }
    [[nodiscard]] Socket& socket() { return socket_; }

    template <typename Buffers, typename Handler>
    void async_read_some(const Buffers& buffers, Handler&& handler) {
        socket_.async_read_some(buffers, std::forward<Handler>(handler));
    }
    template <typename Buffers, typename Handler>
    void async_write_some(const Buffers& buffers, Handler&& handler) {
        socket_.async_write_some(buffers, std::forward<Handler>(handler));
    }

  private:
    Socket socket_;
};

}  // namespace logi::net
