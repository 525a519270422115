// WebSockets (RFC 6455) on which only the server talks: what it says is pulled from a source when
// the connection can take it, so that a slow peer holds back nothing but its own source.
#pragma once

#include "net/http.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

namespace logi::net {

// A text message: `text`, which others may share, and then `end`.
struct WebSocketMessage {
    std::shared_ptr<const std::string> text;
    std::string end;
};

struct WebSocketClose {
    static constexpr std::uint16_t kNormal = 1000;
    static constexpr std::uint16_t kGoingAway = 1001;
    static constexpr std::uint16_t kProtocolError = 1002;
    static constexpr std::uint16_t kNoStatus = 1005;  // never on the wire: a close without a code
    static constexpr std::uint16_t kBadPayload = 1007;
    static constexpr std::uint16_t kTooBig = 1009;
    static constexpr std::uint16_t kError = 1011;
    std::uint16_t code = kNormal;
    std::string reason;  // cut at 123 bytes

    friend bool operator==(const WebSocketClose&, const WebSocketClose&) = default;
};

using WebSocketNext = std::variant<std::monostate, WebSocketMessage, WebSocketClose>;

// What is sent on one connection. Its methods are called one at a time, on a thread of the server,
// and must not block.
class WebSocketSource {
  public:
    virtual ~WebSocketSource() = default;
    // Messages can be sent. `wake` may be called from any thread, as often as one likes, also when
    // the connection is gone; next() is called soon after it.
    virtual void open(std::function<void()> wake) = 0;
    // What is to be sent now. After "nothing" it is asked again when woken.
    virtual WebSocketNext next() = 0;
    // The connection has ended; called once, if open() was.
    virtual void closed() = 0;
};

// The answer to a request that asks for a WebSocket; nothing if it does not, or wrongly.
[[nodiscard]] std::optional<HttpResponse> accept_websocket(const HttpRequest& request,
                                                           std::shared_ptr<WebSocketSource> source);

// What a server answers to a client's key (RFC 6455, 4.2.2).
[[nodiscard]] std::string websocket_accept(const std::string& key);

}  // namespace logi::net
