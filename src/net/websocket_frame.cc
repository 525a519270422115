#include "net/websocket_frame.h"

#include "base/utf8.h"

#include <algorithm>
#include <utility>

namespace logi::net {
namespace {

constexpr unsigned kFinalBit = 0x80;
constexpr unsigned kReservedBits = 0x70;
constexpr unsigned kOpBits = 0x0F;
constexpr unsigned kMaskBit = 0x80;
constexpr unsigned kLengthBits = 0x7F;
constexpr unsigned kLength16 = 126;
constexpr unsigned kLength64 = 127;
constexpr std::size_t kMaskBytes = 4;

WebSocketClose protocol_error(const char* why) {
    return {WebSocketClose::kProtocolError, why};
}

bool is_control(WebSocketOp op) {
    return static_cast<unsigned>(op) >= static_cast<unsigned>(WebSocketOp::kClose);
}

bool is_known(unsigned op) {
    return op <= static_cast<unsigned>(WebSocketOp::kBinary) ||
           (op >= static_cast<unsigned>(WebSocketOp::kClose) &&
            op <= static_cast<unsigned>(WebSocketOp::kPong));
}

// Codes that may stand in a close frame (RFC 6455, 7.4).
bool is_close_code(unsigned code) {
    constexpr unsigned kOwnMin = 3000;
    constexpr unsigned kOwnMax = 4999;
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= kOwnMin && code <= kOwnMax);
}

// Bytes of the length behind the first two.
std::size_t length_bytes(unsigned short_length) {
    return short_length == kLength16 ? 2U : short_length == kLength64 ? 8U : 0U;
}

void append_big_endian(std::string& out, std::uint64_t value, unsigned bytes) {
    for (unsigned i = bytes; i > 0; --i) {
        out.push_back(static_cast<char>(value >> (8 * (i - 1)) & 0xFFU));
    }
}

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        const std::size_t length = base::utf8_length(text);
        if (length == 0) {
            return false;
        }
        text.remove_prefix(length);
    }
    return true;
}

// The longest beginning that is no longer and does not cut a character.
std::string_view cut_text(std::string_view text, std::size_t bytes_max) {
    if (text.size() <= bytes_max) {
        return text;
    }
    std::size_t end = bytes_max;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {
        --end;
    }
    return text.substr(0, end);
}

}  // namespace

bool WebSocketDecoder::take_header(std::string_view& bytes) {
    std::size_t wanted = 2;
    while (true) {
        const std::size_t n = std::min(bytes.size(), wanted - std::min(wanted, header_size_));
        std::copy_n(bytes.begin(), n, header_.begin() + static_cast<std::ptrdiff_t>(header_size_));
        header_size_ += n;
        bytes.remove_prefix(n);
        if (header_size_ < wanted) {
            return false;
        }
        const bool masked = (header_[1] & kMaskBit) != 0;
        const std::size_t whole =
            2 + length_bytes(header_[1] & kLengthBits) + (masked ? kMaskBytes : 0);
        if (wanted == whole) {
            return true;
        }
        wanted = whole;
    }
}

std::optional<WebSocketClose> WebSocketDecoder::check_header() {
    const bool final = (header_[0] & kFinalBit) != 0;
    const unsigned op = header_[0] & kOpBits;
    if ((header_[0] & kReservedBits) != 0) {
        return protocol_error("reserved bits are set");
    }
    if (!is_known(op)) {
        return protocol_error("unknown kind of frame");
    }
    const bool masked = (header_[1] & kMaskBit) != 0;
    if (masked != (speaker_ == WebSocketSide::kClient)) {
        return protocol_error(masked ? "frames of servers are not masked"
                                     : "frames of clients are masked");
    }
    op_ = static_cast<WebSocketOp>(op);
    const unsigned short_length = header_[1] & kLengthBits;
    const std::size_t extra = length_bytes(short_length);
    left_ = extra == 0 ? short_length : 0;
    for (std::size_t i = 0; i < extra; ++i) {
        left_ = left_ << 8U | header_[2 + i];
    }
    if (masked) {
        std::copy_n(
            header_.begin() + 2 + static_cast<std::ptrdiff_t>(extra), kMaskBytes, mask_.begin());
    }
    if (is_control(op_)) {
        control_.clear();
        return final && left_ <= kControlBytesMax
                   ? std::nullopt
                   : std::optional(protocol_error("a control frame is whole and short"));
    }
    if ((op_ == WebSocketOp::kContinuation) != in_message_) {
        return protocol_error(in_message_ ? "a message within a message"
                                          : "a continuation of nothing");
    }
    if (!in_message_) {
        message_ = 0;
        is_text_ = op_ == WebSocketOp::kText;
    }
    in_message_ = !final;
    if (left_ > message_bytes_max_ - message_) {
        return WebSocketClose{WebSocketClose::kTooBig, "the message is too long"};
    }
    message_ += left_;
    return std::nullopt;
}

std::optional<WebSocketClose> WebSocketDecoder::finish_control(WebSocketEvents& events) {
    if (op_ == WebSocketOp::kPing) {
        events.ping = control_;
        ++events.pings;
    } else if (op_ == WebSocketOp::kPong) {
        ++events.pongs;
    } else if (control_.empty()) {
        events.close = WebSocketClose{WebSocketClose::kNoStatus, ""};
    } else {
        const auto byte = [&](std::size_t i) {
            return static_cast<unsigned char>(control_[i]);
        };
        const unsigned code = control_.size() < 2 ? 0 : byte(0) * 256U + byte(1);
        if (!is_close_code(code)) {
            return protocol_error("no code to close with");
        }
        std::string reason = control_.substr(2);
        if (!is_utf8(reason)) {
            return WebSocketClose{WebSocketClose::kBadPayload, "the reason is not UTF-8"};
        }
        events.close = WebSocketClose{static_cast<std::uint16_t>(code), std::move(reason)};
    }
    return std::nullopt;
}

std::optional<WebSocketClose> WebSocketDecoder::finish_message(WebSocketEvents& events) {
    if (in_message_ || speaker_ == WebSocketSide::kClient) {
        return std::nullopt;
    }
    if (is_text_ && !is_utf8(text_)) {
        return WebSocketClose{WebSocketClose::kBadPayload, "the message is not UTF-8"};
    }
    events.messages.push_back(std::exchange(text_, {}));
    return std::nullopt;
}

std::optional<WebSocketClose> WebSocketDecoder::take_payload(std::string_view& bytes,
                                                             WebSocketEvents& events) {
    const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), left_));
    if (is_control(op_)) {
        for (std::size_t i = 0; i < n; ++i) {
            const auto masked = static_cast<unsigned char>(bytes[i]);
            control_.push_back(static_cast<char>(masked ^ mask_[control_.size() % kMaskBytes]));
        }
    } else {
        events.data_bytes += n;
        if (speaker_ == WebSocketSide::kServer) {
            text_.append(bytes.substr(0, n));
        }
    }
    bytes.remove_prefix(n);
    left_ -= n;
    if (left_ > 0) {
        return std::nullopt;
    }
    in_payload_ = false;
    header_size_ = 0;
    return is_control(op_) ? finish_control(events) : finish_message(events);
}

std::optional<WebSocketClose> WebSocketDecoder::feed(std::string_view bytes,
                                                     WebSocketEvents& events) {
    while (!events.close.has_value()) {
        if (!in_payload_) {
            if (!take_header(bytes)) {
                return std::nullopt;
            }
            if (auto wrong = check_header()) {
                return wrong;
            }
            in_payload_ = true;
        }
        if (bytes.empty() && left_ > 0) {
            return std::nullopt;
        }
        if (auto wrong = take_payload(bytes, events)) {
            return wrong;
        }
    }
    return std::nullopt;
}

std::string websocket_header(WebSocketOp op, std::uint64_t payload_bytes) {
    std::string out(1, static_cast<char>(kFinalBit | static_cast<unsigned>(op)));
    if (payload_bytes < kLength16) {
        append_big_endian(out, payload_bytes, 1);
    } else if (payload_bytes <= UINT16_MAX) {
        append_big_endian(out, kLength16, 1);
        append_big_endian(out, payload_bytes, 2);
    } else {
        append_big_endian(out, kLength64, 1);
        append_big_endian(out, payload_bytes, 8);
    }
    return out;
}

std::string websocket_control(WebSocketOp op, std::string_view payload) {
    const std::string_view cut = payload.substr(0, kControlBytesMax);
    return websocket_header(op, cut.size()).append(cut);
}

std::string websocket_close(const WebSocketClose& close) {
    std::string payload;
    if (close.code != WebSocketClose::kNoStatus) {
        append_big_endian(payload, close.code, 2);
        payload.append(cut_text(close.reason, kCloseReasonBytesMax));
    }
    return websocket_control(WebSocketOp::kClose, payload);
}

std::string websocket_masked(std::string frame, std::uint32_t mask) {
    const auto short_length = static_cast<unsigned char>(frame[1]);
    const std::size_t header = 2 + length_bytes(short_length);
    frame[1] = static_cast<char>(short_length | kMaskBit);
    std::string key;
    append_big_endian(key, mask, kMaskBytes);
    for (std::size_t i = header; i < frame.size(); ++i) {
        frame[i] = static_cast<char>(frame[i] ^ key[(i - header) % kMaskBytes]);
    }
    return frame.insert(header, key);
}

}  // namespace logi::net
