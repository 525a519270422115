// Copies short texts without a call: most pieces and values have a few bytes.
#pragma once

#include "base/buffer.h"

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

// The same, but reads and writes up to base::Buffer::kSlack bytes beyond the text.
inline char* copy_loosely(char* to, std::string_view text) {
    constexpr std::size_t kWord = base::Buffer::kSlack;
    constexpr std::size_t kWordsMax = 16;
    const char* from = text.data();
    if (text.empty()) {
        return to;  // it may be nowhere
    }
    std::memcpy(to, from, kWord);
    if (text.size() > kWordsMax * kWord) {
        std::memcpy(to, from, text.size());
    } else {
        for (std::size_t i = kWord; i < text.size(); i += kWord) {
            std::memcpy(to + i, from + i, kWord);
        }
    }
    return to + text.size();
}

}  // namespace logi::block
