#include "absl/strings/str_cat.h"
#include "base/hex.h"
#include "base/utf8.h"
#include "model/labels.h"

#include <array>

namespace logi {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";

Status bad_escape() {
    return absl::InvalidArgumentError("invalid char escape");
}

// Reads the escape whose backslash is at s[i]; moves i behind it.
Status read_escape(std::string_view s, char quote, std::size_t& i, std::string& out) {
    if (i + 1 >= s.size()) {
        return absl::InvalidArgumentError("literal not terminated");
    }
    const char c = s[i + 1];
    constexpr std::string_view kFrom = "abfnrtv\\";
    constexpr std::string_view kTo = "\a\b\f\n\r\t\v\\";
    if (c == quote) {
        out.push_back(c);
        i += 2;
        return absl::OkStatus();
    }
    if (const std::size_t at = kFrom.find(c); at != std::string_view::npos) {
        out.push_back(kTo[at]);
        i += 2;
        return absl::OkStatus();
    }
    const bool octal = c >= '0' && c <= '7';
    const std::size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : octal ? 3 : 0;
    const std::size_t first = octal ? i + 1 : i + 2;
    if (digits == 0 || first + digits > s.size()) {
        return bad_escape();
    }
    std::uint32_t value = 0;
    for (std::size_t k = first; k < first + digits; ++k) {
        const int digit = base::hex_digit(s[k]);
        if (digit < 0 || (octal && digit > 7)) {
            return bad_escape();
        }
        value = value * (octal ? 8 : 16) + static_cast<std::uint32_t>(digit);
    }
    i = first + digits;
    if (c == 'u' || c == 'U') {
        if (value > 0x10FFFF || (value >= 0xD800 && value < 0xE000)) {
            return bad_escape();
        }
        base::append_utf8(out, value);
    } else if (value > 0xFF) {
        return bad_escape();
    } else {
        out.push_back(static_cast<char>(value));
    }
    return absl::OkStatus();
}

}  // namespace

std::string go_quote(std::string_view s) {
    std::string out = "\"";
    for (std::size_t i = 0; i < s.size();) {
        const auto c = static_cast<unsigned char>(s[i]);
        constexpr std::string_view kSpecial = "\a\b\f\n\r\t\v\\\"";
        constexpr std::string_view kLetters = "abfnrtv\\\"";
        const std::size_t special = kSpecial.find(s[i]);
        const std::size_t length = base::utf8_length(s.substr(i));
        if (special != std::string_view::npos) {
            out.push_back('\\');
            out.push_back(kLetters[special]);
        } else if (c < 0x20 || c == 0x7F || length == 0) {
            out.append("\\x");
            out.push_back(kHexDigits[c >> 4U]);
            out.push_back(kHexDigits[c & 0xFU]);
        } else {
            out.append(s.substr(i, length));
        }
        i += std::max<std::size_t>(length, 1);
    }
    out.push_back('"');
    return out;
}

StatusOr<std::string> go_unquote_prefix(std::string_view text, std::size_t& length) {
    if (text.empty() || (text[0] != '"' && text[0] != '\'' && text[0] != '`')) {
        return absl::InvalidArgumentError("not a string");
    }
    if (text[0] == '`') {
        const std::size_t end = text.find('`', 1);
        if (end == std::string_view::npos) {
            return absl::InvalidArgumentError("literal not terminated");
        }
        length = end + 1;
        return std::string(text.substr(1, end - 1));
    }
    std::string out;
    for (std::size_t i = 1; i < text.size();) {
        if (text[i] == text[0]) {
            length = i + 1;
            return out;
        }
        if (text[i] == '\n') {
            break;
        }
        if (text[i] == '\\') {
            LOGI_RETURN_IF_ERROR(read_escape(text, text[0], i, out));
        } else {
            out.push_back(text[i++]);
        }
    }
    return absl::InvalidArgumentError("literal not terminated");
}

}  // namespace logi
