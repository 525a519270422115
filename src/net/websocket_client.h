// The client's end of a WebSocket (RFC 6455) on which only the server talks. Calls block; whoever
// wants the connection again after it has ended opens another.
#pragma once

#include "base/time.h"
#include "io/random.h"
#include "net/http.h"
#include "net/tls.h"
#include "net/websocket.h"

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace logi::net {

struct WebSocketOptions {
    std::vector<Header> headers;
    ClientTls tls;
    Duration connect_timeout = Duration::seconds(30);  // until the server has agreed
    // The server is asked whether it is there when half of that has passed, and given up after it.
    Duration silence_max = Duration::seconds(60);
    std::uint64_t message_bytes_max = 64ULL << 20U;  // beyond: closed with 1009
};

// One thread at a time.
class WebSocketClient {
  public:
    // Nothing, if none came in time.
    using Event = std::variant<std::monostate, std::string, WebSocketClose>;

    // `url` as for HttpClient, `target` begins with '/'. `random` must outlive the connection.
    // kInvalidArgument or another code with what the server says when it refuses; kUnavailable if
    // it cannot be reached, has no time or does not know of WebSockets; kDeadlineExceeded.
    static StatusOr<std::unique_ptr<WebSocketClient>> open(const std::string& url,
                                                           const std::string& target,
                                                           WebSocketOptions options,
                                                           io::Random& random);
    ~WebSocketClient();
    WebSocketClient(const WebSocketClient&) = delete;
    WebSocketClient& operator=(const WebSocketClient&) = delete;

    // The next message, or the close that ends it all, within `wait`. Pings are answered only while
    // this runs. kUnavailable when the connection breaks off or breaks the rules, or the server is
    // not heard any more; nothing comes after that or a close.
    StatusOr<Event> next(Duration wait);
    // Pings that the server has sent.
    [[nodiscard]] std::uint64_t pings() const;
    // Says goodbye, and waits a moment for the answer. What still comes is not looked at.
    void close(const WebSocketClose& close);

  private:
    struct Impl;
    explicit WebSocketClient(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace logi::net
