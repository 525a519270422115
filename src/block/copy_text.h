// Copies short texts without a call: most pieces and values have a few bytes.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace logi::block {

// Returns the place behind the copy. Reads and writes nothing beyond the text.
inline char* copy_text(char* to, std::string_view text) {
    const char* from = text.data();
    const std::size_t size = text.size();
    const auto copy = [&](auto word) {
        // First and last word of the text, which may overlap.
        std::memcpy(&word, from, sizeof(word));
        std::memcpy(to, &word, sizeof(word));
        std::memcpy(&word, from + size - sizeof(word), sizeof(word));
        std::memcpy(to + size - sizeof(word), &word, sizeof(word));
    };
    if (size > 32) {
        std::memcpy(to, from, size);
    } else if (size >= 16) {
        struct Sixteen {
            std::uint64_t words[2];
        };
        copy(Sixteen{});
    } else if (size >= 8) {
        copy(std::uint64_t{});
    } else if (size >= 4) {
        copy(std::uint32_t{});
    } else if (size >= 2) {
        copy(std::uint16_t{});
    } else if (size == 1) {
        *to = *from;
    }
    return to + size;
}

}  // namespace logi::block
