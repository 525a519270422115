// Frames of WebSockets (RFC 6455, 5), read and written: a client's are masked, a server's are not.
// What a client says in messages is checked and thrown away, so that frames of any length take no
// memory; what a server says is gathered, up to a bound.
#pragma once

#include "net/websocket.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace logi::net {

enum class WebSocketOp : std::uint8_t {
    kContinuation = 0,
    kText = 1,
    kBinary = 2,
    kClose = 8,
    kPing = 9,
    kPong = 10
};

inline constexpr std::size_t kControlBytesMax = 125;
inline constexpr std::size_t kCloseReasonBytesMax = kControlBytesMax - 2;
// Of a message of a client, whatever its frames: beyond that it is closed with 1009.
inline constexpr std::uint64_t kClientMessageBytesMax = 1U << 20U;

enum class WebSocketSide : std::uint8_t { kClient, kServer };

// What was said in some bytes.
struct WebSocketEvents {
    std::optional<std::string> ping;      // the last one's payload: it is enough to answer that
    std::optional<WebSocketClose> close;  // what comes behind it is not looked at
    std::uint64_t pings = 0;
    std::uint64_t pongs = 0;
    std::uint64_t data_bytes = 0;
    std::vector<std::string> messages;  // of a server, whole ones; texts are UTF-8
};

// Bytes of a connection in, events out, however the bytes are cut. One thread at a time.
class WebSocketDecoder {
  public:
    // Whose bytes they are, and how long a message of it may be.
    explicit WebSocketDecoder(WebSocketSide speaker = WebSocketSide::kClient,
                              std::uint64_t message_bytes_max = kClientMessageBytesMax)
        : speaker_(speaker), message_bytes_max_(message_bytes_max) {}

    // What is wrong with the bytes, or nothing. After that, and after a close, no more.
    [[nodiscard]] std::optional<WebSocketClose> feed(std::string_view bytes,
                                                     WebSocketEvents& events);

  private:
    // Takes of `bytes` what belongs to a header. True once it is whole.
    bool take_header(std::string_view& bytes);
    [[nodiscard]] std::optional<WebSocketClose> check_header();
    [[nodiscard]] std::optional<WebSocketClose> take_payload(std::string_view& bytes,
                                                             WebSocketEvents& events);
    [[nodiscard]] std::optional<WebSocketClose> finish_control(WebSocketEvents& events);
    [[nodiscard]] std::optional<WebSocketClose> finish_message(WebSocketEvents& events);

    const WebSocketSide speaker_;
    const std::uint64_t message_bytes_max_;
    static constexpr std::size_t kHeaderBytesMax = 14;
    std::array<unsigned char, kHeaderBytesMax> header_{};
    std::size_t header_size_ = 0;
    bool in_payload_ = false;
    WebSocketOp op_ = WebSocketOp::kContinuation;
    std::array<unsigned char, 4> mask_{};
    std::uint64_t left_ = 0;     // of the payload
    std::uint64_t message_ = 0;  // bytes of the data message so far
    bool in_message_ = false;    // between the first frame of a message and its last
    bool is_text_ = false;       // that message
    std::string text_;           // of a server's message so far
    std::string control_;        // the payload of a control frame, unmasked
};

// The header of an unfragmented frame of a server, before a payload of so many bytes.
[[nodiscard]] std::string websocket_header(WebSocketOp op, std::uint64_t payload_bytes);
// A whole control frame of a server. The payload is cut at 125 bytes.
[[nodiscard]] std::string websocket_control(WebSocketOp op, std::string_view payload);
[[nodiscard]] std::string websocket_close(const WebSocketClose& close);
// A server's frame as a client sends it; nobody may be able to guess `mask`.
[[nodiscard]] std::string websocket_masked(std::string frame, std::uint32_t mask);

}  // namespace logi::net
