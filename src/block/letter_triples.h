// Which three letters stand beside each other anywhere in the lines of a block: a text with others
// is in none of them, and nothing else has to be read to know that.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace logi::block {

// Capitals count as small letters. Three letters that are all hexadecimal digits count as nothing:
// identifiers have all of them.
class LetterTriples {
  public:
    void clear() {
        bits_.fill(0);
        count_ = 0;
    }
    // Those of a text.
    void add(std::string_view text);
    // Those across a place of a text, which is not its begin and has two bytes more behind it.
    void add_across(const char* text, std::size_t place);
    // Bits as may_have() wants them, some of which other triples may have set as well. Nothing if
    // that took more bytes.
    [[nodiscard]] std::string filter(std::size_t bytes_max) const;

    static constexpr std::size_t kFilterBytesMax = 4096;  // with a bit for each triple

  private:
    // With more, no filter is made.
    static constexpr std::size_t kCountMax = 8192;

    std::array<std::uint64_t, kFilterBytesMax / 8> bits_{};
    std::size_t count_ = 0;
};

// False if the text, in whatever case, is in none of those that the filter was made of. True with
// an empty filter. Its size is a power of two, at most kFilterBytesMax.
[[nodiscard]] bool may_have(std::string_view filter, std::string_view text);

}  // namespace logi::block
