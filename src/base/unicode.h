// Classes and case of runes, and texts seen as runes, as Go sees them (base/utf8.h).
#pragma once

#include "base/utf8.h"

namespace logi::base {

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

}  // namespace logi::base
