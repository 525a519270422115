// Loops over many short texts, with AVX2 where the CPU has it; same results without. Texts are
// parts of one buffer, with 32 bytes more behind it.
#pragma once

#include "absl/types/span.h"
#include "block/char_class.h"
#include "block/cut.h"

#include <cstring>
#include <string>
#include <vector>

namespace logi::block {

// The head of a text that is not empty is its first eight bytes; behind a shorter one stands its
// first byte again. So of texts of one size the heads are equal where the first bytes are, and no
// byte is in a head that is not in the text.
inline constexpr std::uint32_t kHeadBytes = 8;
[[nodiscard]] inline std::uint64_t head_of(const char* text, const Slot& slot) {
    std::uint64_t word = 0;
    std::memcpy(&word, text + slot.begin, sizeof(word));
    if (slot.size >= kHeadBytes) {
        return word;
    }
    const std::uint64_t keep = (1ULL << (8 * slot.size)) - 1;
    return (word & keep) | ((word & 0xFF) * 0x0101010101010101 & ~keep);
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

// The value of decimal digits, at most 19. Reads eight bytes from `p` on, however few there are.
[[nodiscard]] std::uint64_t parse_digits(const char* p, std::size_t size);

}  // namespace logi::block
