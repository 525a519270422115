// Any bytes are safe to send on a WebSocket, by a client or a server, and mean the same however
// they are cut; what is answered to a ping or a close is itself a legal frame.
#include "net/websocket_frame.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using logi::net::WebSocketClose;
using logi::net::WebSocketDecoder;
using logi::net::WebSocketEvents;
using logi::net::WebSocketSide;

constexpr std::uint64_t kMessageBytesMax = 1U << 12U;

struct Outcome {
    WebSocketEvents events;
    std::optional<WebSocketClose> wrong;
};

Outcome decode(WebSocketSide speaker, std::string_view bytes, std::size_t step) {
    Outcome outcome;
    WebSocketDecoder decoder(speaker, kMessageBytesMax);
    while (!bytes.empty() && !outcome.wrong.has_value() && !outcome.events.close.has_value()) {
        outcome.wrong = decoder.feed(bytes.substr(0, step), outcome.events);
        bytes.remove_prefix(std::min(step, bytes.size()));
    }
    return outcome;
}

void check(bool holds) {
    if (!holds) {
        std::abort();
    }
}

void check_control(const std::string& frame) {
    check(frame.size() >= 2 && frame.size() <= 2 + logi::net::kControlBytesMax);
    check(static_cast<std::size_t>(static_cast<unsigned char>(frame[1])) == frame.size() - 2);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    const auto speaker = data[0] < 128 ? WebSocketSide::kClient : WebSocketSide::kServer;
    const Outcome whole = decode(speaker, bytes, bytes.size());
    const Outcome cut = decode(speaker, bytes, data[0] % 16U + 1U);
    check(whole.wrong == cut.wrong && whole.events.close == cut.events.close);
    check(whole.events.ping == cut.events.ping && whole.events.pongs == cut.events.pongs);
    check(whole.events.data_bytes == cut.events.data_bytes);
    check(whole.events.messages == cut.events.messages);
    for (const std::string& message : whole.events.messages) {
        check(speaker == WebSocketSide::kServer && message.size() <= kMessageBytesMax);
    }
    if (whole.wrong.has_value()) {
        check_control(logi::net::websocket_close(*whole.wrong));
    }
    if (whole.events.close.has_value()) {
        check_control(logi::net::websocket_close(*whole.events.close));
    }
    if (whole.events.ping.has_value()) {
        check_control(
            logi::net::websocket_control(logi::net::WebSocketOp::kPong, *whole.events.ping));
    }
    return 0;
}
