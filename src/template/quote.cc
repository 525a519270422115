#include "template/quote.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/hex.h"
#include "template/utf8.h"

#include <optional>

namespace logi::tmpl {
namespace {

constexpr std::string_view kSpecial = "\a\b\f\n\r\t\v\\";
constexpr std::string_view kLetters = "abfnrtv\\";

void append_quoted_rune(
    std::string& out, const Rune& r, unsigned char byte, char mark, bool ascii) {
    if (!r.valid) {
        absl::StrAppendFormat(&out, "\\x%02x", byte);
        return;
    }
    if (r.value == static_cast<char32_t>(mark)) {
        out.push_back('\\');
        out.push_back(mark);
        return;
    }
    if (r.value < 0x80) {
        const std::size_t special = kSpecial.find(static_cast<char>(r.value));
        if (special != std::string_view::npos) {
            out.push_back('\\');
            out.push_back(kLetters[special]);
            return;
        }
    }
    if (is_print(r.value) && !(ascii && r.value >= 0x80)) {
        out.append(encode_rune(r.value));
    } else if (r.value < 0x20 || r.value == 0x7F) {
        absl::StrAppendFormat(&out, "\\x%02x", static_cast<unsigned>(r.value));
    } else if (r.value < 0x10000) {
        absl::StrAppendFormat(&out, "\\u%04x", static_cast<unsigned>(r.value));
    } else {
        absl::StrAppendFormat(&out, "\\U%08x", static_cast<unsigned>(r.value));
    }
}

Status bad_syntax() {
    return absl::InvalidArgumentError("invalid syntax");
}

struct Escape {
    char32_t value = 0;
    bool is_byte = false;  // \xHH and \ooo stand for a byte, not for a rune
};

// Reads the escape or rune at the start of s and moves s behind it; `mark` is the quote.
std::optional<Escape> read_char(std::string_view& s, char mark) {
    if (s[0] == mark) {
        return std::nullopt;
    }
    if (s[0] != '\\') {
        const Rune r = decode_rune(s);
        s.remove_prefix(r.length);
        return Escape{r.value, false};
    }
    if (s.size() < 2) {
        return std::nullopt;
    }
    const char c = s[1];
    if (const std::size_t at = kLetters.find(c); at != std::string_view::npos) {
        s.remove_prefix(2);
        return Escape{static_cast<char32_t>(kSpecial[at]), false};
    }
    if (c == mark) {
        s.remove_prefix(2);
        return Escape{static_cast<char32_t>(c), false};
    }
    const bool octal = c >= '0' && c <= '7';
    const std::size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : octal ? 3 : 0;
    const std::size_t first = octal ? 1 : 2;
    if (digits == 0 || s.size() < first + digits) {
        return std::nullopt;
    }
    char32_t value = 0;
    for (const char d : s.substr(first, digits)) {
        const int digit = base::hex_digit(d);
        if (digit < 0 || (octal && digit > 7)) {
            return std::nullopt;
        }
        value = value * (octal ? 8 : 16) + static_cast<char32_t>(digit);
    }
    s.remove_prefix(first + digits);
    const bool is_byte = octal || c == 'x';
    const bool bad =
        is_byte ? value > 0xFF : value > 0x10FFFF || (value >= 0xD800 && value < 0xE000);
    return bad ? std::nullopt : std::optional<Escape>(Escape{value, is_byte});
}

}  // namespace

std::string quote(std::string_view s, bool ascii) {
    std::string out = "\"";
    for (std::size_t i = 0; i < s.size();) {
        const Rune r = decode_rune(s.substr(i));
        append_quoted_rune(out, r, static_cast<unsigned char>(s[i]), '"', ascii);
        i += r.length;
    }
    out.push_back('"');
    return out;
}

std::string quote_rune(char32_t rune, bool ascii) {
    const bool bad = rune > 0x10FFFF || (rune >= 0xD800 && rune < 0xE000);
    std::string out = "'";
    append_quoted_rune(out, {bad ? kReplacement : rune, 1, true}, 0, '\'', ascii);
    out.push_back('\'');
    return out;
}

std::string describe_rune(char32_t rune) {
    std::string out = absl::StrFormat("U+%04X", static_cast<unsigned>(rune));
    if (is_print(rune)) {
        absl::StrAppend(&out, " '", encode_rune(rune), "'");
    }
    return out;
}

bool can_backquote(std::string_view s) {
    for (std::size_t i = 0; i < s.size();) {
        const Rune r = decode_rune(s.substr(i));
        if (!r.valid || r.value == 0xFEFF || (r.value < 0x20 && r.value != '\t') ||
            r.value == '`' || r.value == 0x7F) {
            return false;
        }
        i += r.length;
    }
    return true;
}

StatusOr<std::string> unquote(std::string_view literal) {
    if (literal.size() < 2 || literal.front() != literal.back()) {
        return bad_syntax();
    }
    const char mark = literal.front();
    std::string_view inner = literal.substr(1, literal.size() - 2);
    std::string out;
    if (mark == '`') {
        for (const char c : inner) {
            if (c != '\r') {
                out.push_back(c);
            }
        }
        return out;
    }
    if (mark != '"' || inner.find('\n') != std::string_view::npos) {
        return bad_syntax();
    }
    while (!inner.empty()) {
        const std::string_view before = inner;
        const auto c = read_char(inner, mark);
        if (!c) {
            return bad_syntax();
        }
        if (c->is_byte) {
            out.push_back(static_cast<char>(c->value));
        } else if (before[0] != '\\') {
            out.append(before.substr(0, before.size() - inner.size()));
        } else {
            out.append(encode_rune(c->value));
        }
    }
    return out;
}

StatusOr<char32_t> unquote_rune(std::string_view literal) {
    if (literal.size() < 3 || literal.front() != '\'') {
        return bad_syntax();
    }
    std::string_view rest = literal.substr(1);
    const auto c = read_char(rest, '\'');
    if (!c) {
        return bad_syntax();
    }
    if (rest != "'") {
        return absl::InvalidArgumentError(
            absl::StrCat("malformed character constant: ", std::string(literal)));
    }
    return c->value;
}

}  // namespace logi::tmpl
