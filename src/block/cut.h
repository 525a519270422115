// Cuts a text into constant pieces and slots: what looks variable by itself, such as numbers, words
// with digits, values behind = and quoted strings.
#pragma once

#include "block/text_masks.h"

#include <cstdint>
#include <string>
#include <vector>

namespace logi::block {

// How the end of a slot is found: a Stop, kNumber, or kFixed + a length.
using SlotEnd = std::uint8_t;
inline constexpr SlotEnd kNumber = 5;  // digits, a point, digits
inline constexpr SlotEnd kFixed = 16;

struct Slot {
    std::uint32_t begin = 0;
    std::uint32_t size = 0;
};

enum class CutRule : std::uint8_t {
    kCoarse,  // tokens stay whole: addresses, identifiers, decimals
    kFine,    // for texts that are one token: numbers and letters apart
};

// A text with its masks; neither owned.
struct MaskedText {
    const char* text = nullptr;
    const TextMasks* masks = nullptr;
    [[nodiscard]] std::string_view view(const Slot& s) const { return {text + s.begin, s.size}; }
};

// Where the slot that begins at `from` ends.
[[nodiscard]] inline std::uint32_t slot_end(const MaskedText& t,
                                            SlotEnd how,
                                            std::uint32_t from,
                                            std::uint32_t end) {
    if (how < kNumber) {
        return t.masks->stop(static_cast<Stop>(how), from, end);
    }
    if (how == kNumber) {
        const std::uint32_t point = t.masks->stop(Stop::kDigits, from, end);
        return point + 1 < end && t.text[point] == '.'
                   ? t.masks->stop(Stop::kDigits, point + 1, end)
                   : point;
    }
    return std::min(end, from + how - kFixed);
}

struct CutSlot {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
    SlotEnd how = 0;
};

// Replaces `slots`; they are ascending, not empty, and end where slot_end() says.
void cut(const MaskedText& t,
         std::uint32_t begin,
         std::uint32_t end,
         CutRule rule,
         std::vector<CutSlot>& slots);

}  // namespace logi::block
