// Which characters a text is made of, as a mask: what cannot be in a column need not be looked for.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace logi::block {

using ClassMask = std::uint16_t;

// Sixteen classes, which are part of the format.
[[nodiscard]] constexpr ClassMask class_of(unsigned char c) {
    const auto in = [c](char first, char last) {
        return c >= static_cast<unsigned char>(first) && c <= static_cast<unsigned char>(last);
    };
    unsigned n = 15;  // controls and bytes beyond ASCII
    if (in('0', '9')) {
        n = 0;
    } else if (in('a', 'f')) {
        n = 1;
    } else if (in('g', 'm')) {
        n = 2;
    } else if (in('n', 'z')) {
        n = 3;
    } else if (in('A', 'F')) {
        n = 4;
    } else if (in('G', 'Z')) {
        n = 5;
    } else if (c == '.') {
        n = 6;
    } else if (c == '-') {
        n = 7;
    } else if (c == '_') {
        n = 8;
    } else if (c == ':') {
        n = 9;
    } else if (c == '/') {
        n = 10;
    } else if (c == ' ') {
        n = 11;
    } else if (c == '"' || c == '\'' || c == '\\') {
        n = 12;
    } else if (c == '=' || c == '&' || c == '?' || c == '%' || c == '+') {
        n = 13;
    } else if (c > ' ' && c < 0x7F) {
        n = 14;  // other punctuation
    }
    return static_cast<ClassMask>(1U << n);
}

inline constexpr std::array<ClassMask, 256> kClassOf = [] {
    std::array<ClassMask, 256> table{};
    for (unsigned c = 0; c < 256; ++c) {
        table[c] = class_of(static_cast<unsigned char>(c));
    }
    return table;
}();

inline constexpr ClassMask kDigitClass = class_of('0');
inline constexpr ClassMask kLowerHexClasses = class_of('0') | class_of('a');
inline constexpr ClassMask kUpperHexClasses = class_of('0') | class_of('A');

[[nodiscard]] inline ClassMask classes_of(std::string_view text) {
    ClassMask mask = 0;
    for (const char c : text) {
        mask |= kClassOf[static_cast<unsigned char>(c)];
    }
    return mask;
}

}  // namespace logi::block
