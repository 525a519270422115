// Texts put one after another, as templates and the writer of columns want them: with a line feed
// and padding behind, and masks of where slots end.
#pragma once

#include "base/check.h"
#include "block/cut.h"

#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace logi::block {

// Keeps its memory from text to text. One thread.
class GatheredText {
  public:
    // What all texts and their line feeds may take: where positions of 32 bits end.
    static constexpr std::size_t kBytesMax = 1ULL << 31U;

    // Forgets what was before; so many texts of so many bytes all together will be added.
    void begin(std::size_t texts, std::size_t bytes) {
        bytes_ = bytes + texts;
        LOGI_CHECK(bytes_ <= kBytesMax);
        if (text_.size() < bytes_ + TextMasks::kTextPadding) {
            text_.resize(bytes_ + TextMasks::kTextPadding);
        }
        end_ = text_.data();
    }
    Slot add(std::string_view text) {
        const Slot slot{static_cast<std::uint32_t>(end_ - text_.data()),
                        static_cast<std::uint32_t>(text.size())};
        std::memcpy(end_, text.data(), text.size());
        end_ += text.size();
        *end_++ = '\n';
        return slot;
    }
    // Once all are added.
    void finish() {
        std::memset(end_, '\n', TextMasks::kTextPadding);
        masks_.build({text_.data(), bytes_});
    }

    // After finish(), until begin().
    [[nodiscard]] MaskedText masked() const { return {text_.data(), &masks_}; }
    // All texts, each with its line feed.
    [[nodiscard]] std::string_view all() const { return {text_.data(), bytes_}; }
    [[nodiscard]] std::size_t bytes() const { return bytes_; }

  private:
    std::vector<char> text_;
    std::size_t bytes_ = 0;
    char* end_ = nullptr;
    TextMasks masks_;
};

}  // namespace logi::block
