#include "template/escape.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/ascii.h"
#include "base/hex.h"
#include "template/quote.h"
#include "template/utf8.h"

namespace logi::tmpl {
namespace {

constexpr std::string_view kUpperHex = "0123456789ABCDEF";

void escape_js_rune(Sink& out, std::string_view bytes, char32_t rune) {
    switch (rune) {
        case '\\':
        case '\'':
        case '"':
            out.push_back('\\');
            return out.append(bytes);
        case '<':
        case '>':
        case '&':
        case '=':
            return out.append(absl::StrFormat("\\u%04X", static_cast<unsigned>(rune)));
        default:
            break;
    }
    const bool plain = rune < 0x80 ? rune >= 0x20 : is_print(rune);
    if (plain) {
        out.append(bytes);
    } else {
        out.append(absl::StrFormat("\\u%04X", static_cast<unsigned>(rune)));
    }
}

constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

Status bad_base64(std::size_t at) {
    return absl::InvalidArgumentError(absl::StrCat("illegal base64 data at input byte ", at));
}

// Reads groups of four; line breaks are passed over, padding only at the very end.
class Base64Reader {
  public:
    explicit Base64Reader(std::string_view in) : in_(in) {}

    StatusOr<std::string> run() {
        std::string out;
        for (;;) {
            std::uint32_t bits = 0;
            std::size_t digits = 0;
            for (; digits < 4; ++digits) {
                if (!pass_line_breaks()) {
                    if (digits == 0) {
                        return out;
                    }
                    return bad_base64(at_ - digits);  // a group was begun and not finished
                }
                const char c = in_[at_++];
                const std::size_t value = kBase64.find(c);
                if (value != std::string_view::npos) {
                    bits = (bits << 6U) | static_cast<std::uint32_t>(value);
                    continue;
                }
                if (c != '=' || digits < 2) {
                    return bad_base64(at_ - 1);
                }
                LOGI_RETURN_IF_ERROR(padding(digits));
                append_bytes(out, bits << (6 * (4 - digits)), digits - 1);
                return out;
            }
            append_bytes(out, bits, 3);
        }
    }

  private:
    // False at the end of the input.
    bool pass_line_breaks() {
        while (at_ < in_.size() && (in_[at_] == '\r' || in_[at_] == '\n')) {
            ++at_;
        }
        return at_ < in_.size();
    }

    // Behind the first '=': a second one after two digits, and nothing else.
    Status padding(std::size_t digits) {
        if (digits == 2) {
            if (!pass_line_breaks()) {
                return bad_base64(in_.size());
            }
            if (in_[at_] != '=') {
                return bad_base64(at_ - 1);
            }
            ++at_;
        }
        return pass_line_breaks() ? bad_base64(at_) : absl::OkStatus();
    }

    static void append_bytes(std::string& out, std::uint32_t bits, std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            out.push_back(static_cast<char>(bits >> (16 - 8 * i)));
        }
    }

    std::string_view in_;
    std::size_t at_ = 0;
};

}  // namespace

void escape_html(Sink& out, std::string_view text) {
    for (const char c : text) {
        switch (c) {
            case '\0':
                out.append("\xEF\xBF\xBD");
                break;
            case '"':
                out.append("&#34;");
                break;
            case '\'':
                out.append("&#39;");
                break;
            case '&':
                out.append("&amp;");
                break;
            case '<':
                out.append("&lt;");
                break;
            case '>':
                out.append("&gt;");
                break;
            default:
                out.push_back(c);
        }
    }
}

void escape_js(Sink& out, std::string_view text) {
    for (std::size_t i = 0; i < text.size();) {
        const Rune r = decode_rune(text.substr(i));
        escape_js_rune(out, text.substr(i, r.length), r.value);
        i += r.length;
    }
}

void escape_url(Sink& out, std::string_view text) {
    constexpr std::string_view kPlain = "-_.~";
    for (const char c : text) {
        if (base::is_letter_or_digit(c) || kPlain.find(c) != std::string_view::npos) {
            out.push_back(c);
        } else if (c == ' ') {
            out.push_back('+');
        } else {
            const auto byte = static_cast<unsigned char>(c);
            out.push_back('%');
            out.push_back(kUpperHex[byte >> 4U]);
            out.push_back(kUpperHex[byte & 0xFU]);
        }
    }
}

StatusOr<std::string> unescape_url(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out.push_back(text[i] == '+' ? ' ' : text[i]);
            continue;
        }
        const int high = i + 2 < text.size() ? base::hex_digit(text[i + 1]) : -1;
        const int low = i + 2 < text.size() ? base::hex_digit(text[i + 2]) : -1;
        if (high < 0 || low < 0) {
            return absl::InvalidArgumentError(
                absl::StrCat("invalid URL escape ", quote(text.substr(i, 3))));
        }
        out.push_back(static_cast<char>(high * 16 + low));
        i += 2;
    }
    return out;
}

void encode_base64(Sink& out, std::string_view text) {
    for (std::size_t i = 0; i < text.size(); i += 3) {
        const std::size_t count = std::min<std::size_t>(text.size() - i, 3);
        std::uint32_t bits = 0;
        for (std::size_t k = 0; k < 3; ++k) {
            bits = (bits << 8U) | (k < count ? static_cast<unsigned char>(text[i + k]) : 0U);
        }
        for (std::size_t k = 0; k < 4; ++k) {
            out.push_back(k <= count ? kBase64[(bits >> (18 - 6 * k)) & 0x3FU] : '=');
        }
    }
}

StatusOr<std::string> decode_base64(std::string_view text) {
    return Base64Reader(text).run();
}

}  // namespace logi::tmpl
