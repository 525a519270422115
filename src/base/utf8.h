// UTF-8 by the rules of Unicode: no surrogates, no overlong forms, nothing above U+10FFFF. A byte
// that starts no valid sequence is one rune, U+FFFD, as in Go.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace logi::base {

inline constexpr char32_t kRuneError = 0xFFFD;

struct Rune {
    char32_t value = kRuneError;
    std::size_t length = 1;  // bytes
    bool valid = false;      // else the byte starts no valid sequence
};

// Length of the valid sequence at the start of `s`, or 0.
[[nodiscard]] std::size_t utf8_length(std::string_view s);

// The rune at the start of `s`, which is not empty.
[[nodiscard]] Rune decode_rune(std::string_view s);

// A value that is no Unicode scalar becomes U+FFFD.
void append_utf8(std::string& out, char32_t rune);
[[nodiscard]] std::string encode_rune(char32_t rune);

// Whether every byte is of a valid sequence.
[[nodiscard]] bool is_utf8(std::string_view s);

// Whether no byte has its high bit set.
[[nodiscard]] bool is_ascii(std::string_view s);

}  // namespace logi::base
