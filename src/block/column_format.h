// The tree of columns that lines are stored as (docs/format.md, "Columns").
#pragma once

#include "block/char_class.h"

#include <array>
#include <cstdint>
#include <string_view>

namespace logi::block {

enum ColumnKind : std::uint8_t {
    kConstant = 0,    // one value
    kDictionary = 1,  // numbers of values, which are a column of their own
    kInteger = 2,     // decimal digits, with a point or without
    kHex = 3,         // hexadecimal digits, all values of one length
    kTime = 4,        // dates with times, as differences to the entries' times
    kString = 5,      // lengths and bytes
    kTemplates = 6,   // texts of several kinds: pieces and columns
    kShared = 7,      // numbers of values that several columns of the block have in common
};
inline constexpr std::array<std::string_view, 8> kColumnKindNames = {
    "constant", "dictionary", "integer", "hex", "time", "string", "templates", "shared"};

// Of kInteger.
enum IntegerFlag : std::uint8_t {
    kFixedWidth = 1,  // zeros in front up to one width
    kTrimmed = 2,     // of the digits behind the point, zeros at the end are left out
    kRelative = 4,    // to the entry's time in units of 10^-scale seconds
};

// What all values of a column have in common. Follows the kind, except of kConstant.
struct Stamp {
    ClassMask classes = 0;
    std::uint32_t min_size = 0;
    std::uint32_t max_size = 0;
};

// Identifiers of as many digits are looked for in several columns: those of a request, say, which
// many kinds of lines tell.
inline constexpr std::uint32_t kSharedDigitsMin = 8;
inline constexpr std::uint64_t kSharedListsMax = 64;
// Columns within columns; hostile blocks would nest more.
inline constexpr int kColumnDepthMax = 8;
// Digits that an integer column can hold: any of so many fit 64 bits.
inline constexpr std::size_t kIntegerDigitsMax = 19;
// Values of a dictionary: their numbers have two bytes at most.
inline constexpr std::size_t kDictionaryMax = 65535;

}  // namespace logi::block
