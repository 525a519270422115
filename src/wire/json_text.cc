#include "wire/json_text.h"

#include "absl/strings/str_cat.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace logi::wire {
namespace {

// Bytes of the valid UTF-8 sequence at s[i], or 0.
std::size_t valid_utf8(std::string_view s, std::size_t i) {
    const auto at = [&](std::size_t k) -> unsigned {
        return i + k < s.size() ? static_cast<unsigned char>(s[i + k]) : 0;
    };
    const auto tail = [&](std::size_t k) {
        return (at(k) & 0xC0U) == 0x80;
    };
    const unsigned b = at(0);
    if (b < 0x80) {
        return 1;
    }
    if (b >= 0xC2 && b < 0xE0) {
        return tail(1) ? 2 : 0;
    }
    if (b >= 0xE0 && b < 0xF0) {
        const bool ok =
            tail(1) && tail(2) && !(b == 0xE0 && at(1) < 0xA0) && !(b == 0xED && at(1) > 0x9F);
        return ok ? 3 : 0;
    }
    if (b >= 0xF0 && b < 0xF5) {
        const bool ok = tail(1) && tail(2) && tail(3) && !(b == 0xF0 && at(1) < 0x90) &&
                        !(b == 0xF4 && at(1) > 0x8F);
        return ok ? 4 : 0;
    }
    return 0;
}

// Bytes that one byte below 0x80 takes in a JSON string.
constexpr std::array<std::uint8_t, 128> escaped_sizes() {
    std::array<std::uint8_t, 128> sizes{};
    for (std::size_t c = 0; c < sizes.size(); ++c) {
        sizes[c] = c < 0x20 ? 6 : 1;
    }
    for (const char c : {'<', '>', '&'}) {
        sizes[static_cast<std::size_t>(c)] = 6;
    }
    for (const char c : {'"', '\\', '\n', '\r', '\t'}) {
        sizes[static_cast<std::size_t>(c)] = 2;
    }
    return sizes;
}
constexpr std::array<std::uint8_t, 128> kEscapedSizes = escaped_sizes();
constexpr std::size_t kEscapedRuneBytes = 6;  // \u and four digits

bool is_separator(std::string_view rune) {
    return rune == "\xE2\x80\xA8" || rune == "\xE2\x80\xA9";
}

// Calls plain(text) for what stays as it is and escaped(byte or sequence) for the rest; a byte that
// is not UTF-8 is an empty sequence.
template <typename Plain, typename Escaped>
void for_each_part(std::string_view s, Plain plain, Escaped escaped) {
    std::size_t begin = 0;  // of what has not been told yet
    for (std::size_t i = 0; i < s.size();) {
        const auto byte = static_cast<unsigned char>(s[i]);
        std::size_t n = 1;
        bool stays = byte < 0x80 && kEscapedSizes[byte] == 1;
        if (byte >= 0x80) {
            n = valid_utf8(s, i);
            stays = n > 0 && !is_separator(s.substr(i, n));
        }
        if (!stays) {
            plain(s.substr(begin, i - begin));
            escaped(s.substr(i, n));
            begin = i + std::max<std::size_t>(n, 1);
        }
        i += std::max<std::size_t>(n, 1);
    }
    plain(s.substr(begin));
}

void append_escaped(std::string& out, std::string_view rune) {
    constexpr std::string_view kHex = "0123456789abcdef";
    if (rune.size() != 1) {
        out.append(rune.empty() ? "\\ufffd" : rune.back() == '\xA8' ? "\\u2028" : "\\u2029");
        return;
    }
    const auto byte = static_cast<unsigned char>(rune.front());
    if (kEscapedSizes[byte] == kEscapedRuneBytes) {
        out.append("\\u00");
        out.push_back(kHex[byte >> 4U]);
        out.push_back(kHex[byte & 0xFU]);
        return;
    }
    out.push_back('\\');
    out.push_back(byte == '\n'   ? 'n'
                  : byte == '\r' ? 'r'
                  : byte == '\t' ? 't'
                                 : static_cast<char>(byte));
}

}  // namespace

void append_json_string(std::string& out, std::string_view s) {
    out.push_back('"');
    for_each_part(
        s,
        [&](std::string_view text) { out.append(text); },
        [&](std::string_view rune) { append_escaped(out, rune); });
    out.push_back('"');
}

std::size_t json_string_size(std::string_view s) {
    std::size_t size = 2;
    for_each_part(
        s,
        [&](std::string_view text) { size += text.size(); },
        [&](std::string_view rune) {
            size += rune.size() == 1 ? kEscapedSizes[static_cast<unsigned char>(rune.front())]
                                     : kEscapedRuneBytes;
        });
    return size;
}

std::string format_sample(double value) {
    if (std::isnan(value)) {
        return "NaN";
    }
    if (std::isinf(value)) {
        return value > 0 ? "+Inf" : "-Inf";
    }
    char text[400];
    const auto [end, error] =
        std::to_chars(text, text + sizeof(text), value, std::chars_format::fixed);
    return std::string(text, end);
}

std::string format_seconds(Timestamp time) {
    std::int64_t ms = time.ns / kNanosPerMilli;
    std::string out = ms < 0 ? "-" : "";
    ms = ms < 0 ? -ms : ms;
    absl::StrAppend(&out, ms / 1000);
    if (ms % 1000 != 0) {
        std::string fraction = std::to_string(1000 + ms % 1000).substr(1);
        while (fraction.back() == '0') {
            fraction.pop_back();
        }
        out.append(".").append(fraction);
    }
    return out;
}

}  // namespace logi::wire
