#include "base/utf8.h"

#include <cstdint>
#include <cstring>

namespace logi::base {
namespace {

bool is_scalar(char32_t rune) {
    return rune <= 0x10FFFF && (rune < 0xD800 || rune > 0xDFFF);
}

}  // namespace

std::size_t utf8_length(std::string_view s) {
    if (s.empty()) {
        return 0;
    }
    const auto byte = [&](std::size_t i) {
        return static_cast<unsigned char>(s[i]);
    };
    const unsigned char b = byte(0);
    const std::size_t n = b < 0x80   ? 1
                          : b < 0xC2 ? 0
                          : b < 0xE0 ? 2
                          : b < 0xF0 ? 3
                          : b < 0xF5 ? 4
                                     : 0;
    if (n == 0 || s.size() < n) {
        return 0;
    }
    for (std::size_t i = 1; i < n; ++i) {
        if ((byte(i) & 0xC0U) != 0x80) {
            return 0;
        }
    }
    const bool bad = (b == 0xE0 && byte(1) < 0xA0) || (b == 0xED && byte(1) >= 0xA0) ||
                     (b == 0xF0 && byte(1) < 0x90) || (b == 0xF4 && byte(1) >= 0x90);
    return bad ? 0 : n;
}

Rune decode_rune(std::string_view s) {
    const std::size_t length = utf8_length(s);
    if (length == 0) {
        return {};
    }
    const auto bits = [&](std::size_t i, char32_t mask) {
        return static_cast<char32_t>(static_cast<unsigned char>(s[i])) & mask;
    };
    if (length == 1) {
        return {bits(0, 0x7F), 1, true};
    }
    char32_t rune = bits(0, 0xFFU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) {
        rune = (rune << 6U) | bits(i, 0x3F);
    }
    return {rune, length, true};
}

void append_utf8(std::string& out, char32_t rune) {
    if (!is_scalar(rune)) {
        rune = kRuneError;
    }
    const auto push = [&](char32_t b) {
        out.push_back(static_cast<char>(b));
    };
    if (rune < 0x80) {
        push(rune);
    } else if (rune < 0x800) {
        push(0xC0U | (rune >> 6U));
        push(0x80U | (rune & 0x3FU));
    } else if (rune < 0x10000) {
        push(0xE0U | (rune >> 12U));
        push(0x80U | ((rune >> 6U) & 0x3FU));
        push(0x80U | (rune & 0x3FU));
    } else {
        push(0xF0U | (rune >> 18U));
        push(0x80U | ((rune >> 12U) & 0x3FU));
        push(0x80U | ((rune >> 6U) & 0x3FU));
        push(0x80U | (rune & 0x3FU));
    }
}

std::string encode_rune(char32_t rune) {
    std::string out;
    append_utf8(out, rune);
    return out;
}

bool is_utf8(std::string_view s) {
    if (is_ascii(s)) {
        return true;
    }
    while (!s.empty()) {
        const std::size_t length = utf8_length(s);
        if (length == 0) {
            return false;
        }
        s.remove_prefix(length);
    }
    return true;
}

bool is_ascii(std::string_view s) {
    constexpr std::uint64_t kHighBits = 0x8080808080808080U;
    std::size_t i = 0;
    for (; i + 8 <= s.size(); i += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, s.data() + i, 8);
        if ((word & kHighBits) != 0) {
            return false;
        }
    }
    for (; i < s.size(); ++i) {
        if (static_cast<unsigned char>(s[i]) >= 0x80) {
            return false;
        }
    }
    return true;
}

}  // namespace logi::base
