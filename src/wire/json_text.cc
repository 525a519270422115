#include "wire/json_text.h"

#include "absl/strings/str_cat.h"

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

void append_escaped(std::string& out, char c) {
    constexpr std::string_view kHex = "0123456789abcdef";
    switch (c) {
        case '"':
            out.append("\\\"");
            return;
        case '\\':
            out.append("\\\\");
            return;
        case '\n':
            out.append("\\n");
            return;
        case '\r':
            out.append("\\r");
            return;
        case '\t':
            out.append("\\t");
            return;
        default:
            break;
    }
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || c == '<' || c == '>' || c == '&') {
        out.append("\\u00");
        out.push_back(kHex[byte >> 4U]);
        out.push_back(kHex[byte & 0xFU]);
    } else {
        out.push_back(c);
    }
}

}  // namespace

void append_json_string(std::string& out, std::string_view s) {
    out.push_back('"');
    for (std::size_t i = 0; i < s.size();) {
        const std::size_t n = valid_utf8(s, i);
        if (n == 0) {
            out.append("\\ufffd");
            ++i;
        } else if (n == 1) {
            append_escaped(out, s[i++]);
        } else {
            const std::string_view rune = s.substr(i, n);
            if (rune == "\xE2\x80\xA8" || rune == "\xE2\x80\xA9") {
                out.append(rune.back() == '\xA8' ? "\\u2028" : "\\u2029");
            } else {
                out.append(rune);
            }
            i += n;
        }
    }
    out.push_back('"');
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
