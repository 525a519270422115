// One bit per byte of a text, for the places where slots end. Made with AVX2 where the CPU has it;
// same bits without.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace logi::block {

// Where the value of a slot ends: before the first byte of a kind. A line feed ends all of them.
enum class Stop : std::uint8_t {
    kToken = 0,   // no letter, digit, byte beyond ASCII, nor one of - . _ between two of these
    kWord = 1,    // space, control, one of , ; & ) ] } "
    kQuote = 2,   // a double quote that no backslash escapes
    kDigits = 3,  // no digit
    kRun = 4,     // no letter, digit or byte beyond ASCII
};
inline constexpr std::size_t kStops = 5;

class TextMasks {
  public:
    // The text lies before a byte that ends every slot, and before kTextPadding more bytes.
    static constexpr std::size_t kTextPadding = 64;

    // Forgets what was before.
    void build(std::string_view text);

    // The first place at or after `from` that ends such a slot, which is at most `end`.
    [[nodiscard]] std::uint32_t stop(Stop kind, std::uint32_t from, std::uint32_t end) const {
        const std::vector<std::uint64_t>& mask = masks_[static_cast<std::size_t>(kind)];
        std::size_t word = from / 64;
        std::uint64_t bits = mask[word] >> (from % 64);
        if (bits != 0) {
            return std::min(end, from + static_cast<std::uint32_t>(std::countr_zero(bits)));
        }
        for (++word; word * 64 < end; ++word) {
            if (mask[word] != 0) {
                return std::min(end,
                                static_cast<std::uint32_t>(word * 64) +
                                    static_cast<std::uint32_t>(std::countr_zero(mask[word])));
            }
        }
        return end;
    }
    [[nodiscard]] bool at(Stop kind, std::uint32_t place) const {
        return (masks_[static_cast<std::size_t>(kind)][place / 64] >> (place % 64) & 1U) != 0;
    }

  private:
    void join_tokens(const std::vector<std::uint64_t>& joiners);
    void unescape(std::string_view text, const std::vector<std::uint64_t>& backslashes);

    std::vector<std::uint64_t> masks_[kStops];
    std::vector<std::uint64_t> joiners_;
    std::vector<std::uint64_t> backslashes_;
};

}  // namespace logi::block
