// Texts put one after another, as templates and the writer of columns want them: with a line feed
// and padding behind, and masks of where slots end.
#pragma once

#include "base/buffer.h"
#include "base/check.h"
#include "block/copy_text.h"
#include "block/cut.h"

#include <cstdint>
#include <cstring>
#include <string_view>

namespace logi::block {

// Keeps its memory from text to text. One thread.
class GatheredText {
  public:
    // What all texts and their line feeds may take: where positions of 32 bits end.
    static constexpr std::size_t kBytesMax = 1ULL << 31U;

    // Forgets what was before; so many texts of so many bytes all together will be added.
    void begin(std::size_t texts, std::size_t bytes) {
        const std::size_t all = bytes + texts;
        LOGI_CHECK(all <= kBytesMax);
        const std::size_t room = all + (all / kRunBytes + 1) * TextMasks::kTextPadding;
        if (text_.size() < room + TextMasks::kTextPadding) {
            text_ = base::Buffer(room + TextMasks::kTextPadding);
        }
        masks_.begin(room);
        run_ = end_ = text_.data();
    }
    Slot add(std::string_view text) {
        const Slot slot{static_cast<std::uint32_t>(end_ - text_.data()),
                        static_cast<std::uint32_t>(text.size())};
        copy_text(end_, text);
        end_ += text.size();
        *end_++ = '\n';
        return slot;
    }
    // Whether so much was added that its masks should be made while the CPU still has it at hand.
    [[nodiscard]] bool is_run() const { return static_cast<std::size_t>(end_ - run_) >= kRunBytes; }
    // Makes the masks of what was added since the last time. Line feeds are added, so that the next
    // run begins where a word of masks does. Once all are added, or after at least kRunBytes.
    void finish_run() {
        std::memset(end_, '\n', TextMasks::kTextPadding);
        const auto begin = static_cast<std::size_t>(run_ - text_.data());
        masks_.build(begin, {run_, static_cast<std::size_t>(end_ - run_)});
        const std::size_t size = bytes();
        run_ = end_ = text_.data() + (size + 63) / 64 * 64;
    }

    // Until begin(). With the masks of what was finished.
    [[nodiscard]] MaskedText masked() const { return {text_.view().data(), &masks_}; }
    // All texts, each with a line feed or more.
    [[nodiscard]] std::string_view all() const { return text_.view().substr(0, bytes()); }
    [[nodiscard]] std::size_t bytes() const {
        return static_cast<std::size_t>(end_ - text_.view().data());
    }

  private:
    static constexpr std::size_t kRunBytes = 16U << 10U;

    base::Buffer text_;
    char* run_ = nullptr;  // what has no masks yet
    char* end_ = nullptr;
    TextMasks masks_;
};

}  // namespace logi::block
