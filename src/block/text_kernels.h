// Loops over many short texts, with AVX2 where the CPU has it; same results without. Texts are
// parts of one buffer, with 32 bytes more behind it.
#pragma once

#include "absl/types/span.h"
#include "block/char_class.h"
#include "block/cut.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <vector>

namespace logi::block {

// The head of a text that is not empty is its first eight bytes; behind a shorter one stands its
// first byte again. So of texts of one size the heads are equal where the first bytes are, and no
// byte is in a head that is not in the text.
inline constexpr std::uint32_t kHeadBytes = 8;
// By size, the bytes of a head that are behind the text.
inline constexpr std::array<std::uint64_t, kHeadBytes + 1> kBeyondText = [] {
    std::array<std::uint64_t, kHeadBytes + 1> masks{};
    for (std::uint32_t size = 0; size < kHeadBytes; ++size) {
        masks[size] = ~0ULL << (8 * size);
    }
    return masks;
}();
[[nodiscard]] inline std::uint64_t head_of(const char* text, const Slot& slot) {
    std::uint64_t word = 0;
    std::memcpy(&word, text + slot.begin, sizeof(word));
    // Without a branch: short and long texts come as they like.
    const std::uint64_t beyond = kBeyondText[std::min(slot.size, kHeadBytes)];
    return (word & ~beyond) | ((word & 0xFF) * 0x0101010101010101 & beyond);
}

// Whether two texts of one size are the same.
[[nodiscard]] inline bool same_bytes(const char* a, const char* b, std::uint32_t size) {
    std::uint64_t x = 0;
    std::uint64_t y = 0;
    for (; size >= 8; a += 8, b += 8, size -= 8) {
        std::memcpy(&x, a, 8);
        std::memcpy(&y, b, 8);
        if (x != y) {
            return false;
        }
    }
    std::memcpy(&x, a, 8);
    std::memcpy(&y, b, 8);
    return size == 0 || (x ^ y) << (64 - 8 * size) == 0;
}

// What one look at each of many texts tells.
struct TextScan {
    std::uint32_t min_size = 0;
    std::uint32_t max_size = 0;
    bool equal = false;        // all of them
    bool adjoining = false;    // each begins where the one before ends
    bool digit_heads = false;  // all heads are of decimal digits
};
// Replaces `heads`. At least one text, and none is empty.
[[nodiscard]] TextScan scan(const char* text,
                            absl::Span<const Slot> slots,
                            std::vector<std::uint64_t>& heads);
// The same where the heads are known, and each is all of a text.
[[nodiscard]] TextScan scan_heads(absl::Span<const Slot> slots,
                                  absl::Span<const std::uint64_t> heads);
// The classes of all heads together.
[[nodiscard]] ClassMask classes_of(absl::Span<const std::uint64_t> heads);

// The classes of all texts together.
[[nodiscard]] ClassMask classes_of(const char* text, absl::Span<const Slot> slots);
// The classes of one text, which may be long.
[[nodiscard]] ClassMask classes_of_run(std::string_view text);

// Appends hexadecimal digits, two to a byte, the first one in the upper half; behind an odd number
// a zero. All texts have `size` digits of one case.
void pack_hex(const char* text, absl::Span<const Slot> slots, std::uint32_t size, std::string& out);

// Whether all texts are of decimal digits only. Cheaper than classes_of().
[[nodiscard]] bool all_digits(const char* text, absl::Span<const Slot> slots);

// The length of what all texts begin with, up to and without decimal digits, and with something
// behind it in each; 0 if they begin with nothing of the kind.
[[nodiscard]] std::uint32_t prefix_of_digits(const char* text, absl::Span<const Slot> slots);

// The value of a text of one to eight decimal digits, given its head.
[[nodiscard]] inline std::uint64_t number_of_head(std::uint64_t head, std::uint32_t size) {
    // Zeros move in in front.
    std::uint64_t word = head << (8 * (kHeadBytes - size));
    word = (word & 0x0F0F0F0F0F0F0F0F) * 2561 >> 8U;
    word = (word & 0x00FF00FF00FF00FF) * 6553601 >> 16U;
    return (word & 0x0000FFFF0000FFFF) * 42949672960001 >> 32U;
}

// The values of many such texts. Returns whether one of more digits begins with a zero.
bool numbers_of_heads(absl::Span<const Slot> slots,
                      absl::Span<const std::uint64_t> heads,
                      std::vector<std::uint64_t>& numbers);

// The value of decimal digits, at most 19. Reads eight bytes from `p` on, however few there are.
[[nodiscard]] std::uint64_t parse_digits(const char* p, std::size_t size);

}  // namespace logi::block
