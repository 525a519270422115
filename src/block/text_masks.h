// One bit per byte of a text, for the places where slots end. Made with AVX2 where the CPU has it;
// same bits without.
#pragma once

#include <algorithm>
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

    // Forgets what was before. Texts will be built that end before so many bytes.
    void begin(std::size_t bytes);
    // Of a part of the whole text that begins at a multiple of 64 and follows a line feed.
    void build(std::size_t begin, std::string_view part);

    // The first place at or after `from` that ends such a slot, which is at most `end`.
    [[nodiscard]] std::uint32_t stop(Stop kind, std::uint32_t from, std::uint32_t end) const {
        std::size_t line = from / 64;
        const unsigned shift = from % 64;
        // The 64 places from there on: whether they are of one word is not to be foretold.
        const std::uint64_t bits = word(line, kind) >> shift | (word(line + 1, kind) << 1U)
                                                                   << (63 - shift);
        if (bits != 0) [[likely]] {
            return std::min(end, from + static_cast<std::uint32_t>(std::countr_zero(bits)));
        }
        for (++line; line * 64 < end; ++line) {
            if (const std::uint64_t more = word(line, kind); more != 0) {
                return std::min(end,
                                static_cast<std::uint32_t>(line * 64) +
                                    static_cast<std::uint32_t>(std::countr_zero(more)));
            }
        }
        return end;
    }
    [[nodiscard]] bool at(Stop kind, std::uint32_t place) const {
        return (word(place / 64, kind) >> (place % 64) & 1U) != 0;
    }

    // Of 64 bytes of text, in one line of the CPU's memory: a word per kind of stop, and one of
    // backslashes.
    struct alignas(64) Line {
        std::uint64_t stops[kStops];
        std::uint64_t backslashes;
    };

  private:
    [[nodiscard]] std::uint64_t word(std::size_t line, Stop kind) const {
        return lines_[line + 1].stops[static_cast<std::size_t>(kind)];
    }
    static void unescape(std::string_view text, Line* lines);

    // One before the first, and one more behind the last: of any text, as all slots end before.
    std::vector<Line> lines_;
};

}  // namespace logi::block
