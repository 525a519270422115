// Runes as Go sees them: bytes that are not UTF-8 read as U+FFFD, one byte each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace logi::tmpl {

inline constexpr char32_t kReplacement = 0xFFFD;

struct Rune {
    char32_t value = kReplacement;
    std::size_t length = 1;
    // False where the bytes are not UTF-8.
    bool valid = true;
};

// The first rune of `s`, which is not empty.
[[nodiscard]] Rune decode_rune(std::string_view s);
// U+FFFD for what is no rune (surrogates, past U+10FFFF).
[[nodiscard]] std::string encode_rune(char32_t rune);
[[nodiscard]] std::size_t rune_count(std::string_view s);
// Offset of the rune number `n`, or the end.
[[nodiscard]] std::size_t rune_offset(std::string_view s, std::size_t n);

// Classes and case of Unicode; as the C library's C.UTF-8 knows them, ASCII where it is missing.
[[nodiscard]] bool is_space(char32_t c);
[[nodiscard]] bool is_letter_or_digit(char32_t c);
[[nodiscard]] bool is_print(char32_t c);
[[nodiscard]] char32_t to_lower(char32_t c);
[[nodiscard]] char32_t to_upper(char32_t c);
[[nodiscard]] char32_t to_title(char32_t c);

// s without the runes at its ends for which `drop` is true.
template <typename Predicate>
std::string_view trim_left(std::string_view s, Predicate drop) {
    while (!s.empty()) {
        const Rune r = decode_rune(s);
        if (!drop(r.value)) {
            break;
        }
        s.remove_prefix(r.length);
    }
    return s;
}

// The last rune of `s`, which is not empty.
[[nodiscard]] Rune decode_last_rune(std::string_view s);

template <typename Predicate>
std::string_view trim_right(std::string_view s, Predicate drop) {
    while (!s.empty()) {
        const Rune r = decode_last_rune(s);
        if (!drop(r.value)) {
            break;
        }
        s.remove_suffix(r.length);
    }
    return s;
}

}  // namespace logi::tmpl
