// Which characters a text is made of, as a mask: what cannot be in a column need not be looked for.
#pragma once

#include "absl/types/span.h"

#include <array>
#include <cstdint>
#include <string_view>

namespace logi::block {

using ClassMask = std::uint16_t;

// The sixteen classes, which are part of the format. Each is a set of upper halves of a byte times
// a set of lower halves, so that one shuffle tells eight of them for every byte of a vector.
struct CharClass {
    std::uint16_t upper;
    std::uint16_t lower;
};
inline constexpr std::array<CharClass, 16> kCharClasses = {{
    {1U << 3U, 0x03FF},                        // 0-9
    {1U << 6U, 0x007E},                        // a-f
    {1U << 6U, 0xFF80},                        // g-o
    {1U << 7U, 0x07FF},                        // p-z
    {1U << 4U, 0x007E},                        // A-F
    {1U << 4U, 0xFF80},                        // G-O
    {1U << 5U, 0x07FF},                        // P-Z
    {1U << 2U, 1U << 14U},                     // .
    {1U << 2U, 1U << 13U},                     // -
    {1U << 2U, 1U << 15U},                     // /
    {1U << 2U | 1U << 4U | 1U << 6U, 1U},      // space @ `
    {1U << 3U, 1U << 10U},                     // :
    {1U << 5U, 1U << 15U},                     // _
    {1U << 2U, 0x1FFE},                        // ! " # $ % & ' ( ) * + ,
    {1U << 3U | 1U << 5U | 1U << 7U, 0xF800},  // ; < = > ? [ \ ] ^ _ { | } ~ and 0x7F
    {0xFF03, 0xFFFF},                          // controls and bytes beyond ASCII
}};

// A byte is in one class, an underscore in two.
[[nodiscard]] constexpr ClassMask class_of(unsigned char c) {
    unsigned mask = 0;
    for (unsigned i = 0; i < kCharClasses.size(); ++i) {
        const unsigned upper = kCharClasses[i].upper;
        const unsigned lower = kCharClasses[i].lower;
        const bool in = (upper >> (c >> 4U) & 1U) != 0 && (lower >> (c & 15U) & 1U) != 0;
        mask |= in ? 1U << i : 0U;
    }
    return static_cast<ClassMask>(mask);
}

inline constexpr std::array<ClassMask, 256> kClassOf = [] {
    std::array<ClassMask, 256> table{};
    for (unsigned c = 0; c < 256; ++c) {
        table[c] = class_of(static_cast<unsigned char>(c));
    }
    return table;
}();
static_assert([] {
    for (const ClassMask mask : kClassOf) {
        if (mask == 0) {
            return false;
        }
    }
    return true;
}());

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
