#include "block/letter_triples.h"

#include "base/check.h"

#include <bit>

namespace logi::block {
namespace {

constexpr unsigned kCodeBits = 15;  // five per letter
constexpr unsigned kCodes = 1U << kCodeBits;
constexpr unsigned kScatter = 20011;  // part of the format
constexpr std::uint8_t kNoLetter = 0xFF;
constexpr std::size_t kFilterBytesMin = 32;

constexpr std::array<std::uint8_t, 256> kLetters = [] {
    std::array<std::uint8_t, 256> letters{};
    letters.fill(kNoLetter);
    for (unsigned i = 0; i < 26; ++i) {
        letters['a' + i] = static_cast<std::uint8_t>(i);
        letters['A' + i] = static_cast<std::uint8_t>(i);
    }
    return letters;
}();

// Calls `f` with the code of each triple that counts, until it returns false.
template <typename F>
void for_each_triple(std::string_view text, F&& f) {
    unsigned code = 0;
    std::size_t letters = 0;
    std::size_t hexadecimal = 0;  // of the last ones
    for (const char c : text) {
        const std::uint8_t letter = kLetters[static_cast<unsigned char>(c)];
        if (letter == kNoLetter) {
            letters = 0;
            continue;
        }
        code = (code << 5U | letter) % kCodes;
        hexadecimal = letter <= 'f' - 'a' ? hexadecimal + 1 : 0;
        if (++letters == 1) {
            hexadecimal = letter <= 'f' - 'a' ? 1 : 0;
        }
        if (letters >= 3 && hexadecimal < 3 && !f(code)) {
            return;
        }
    }
}

// The place of a code in a filter of so many bytes.
unsigned place_of(unsigned code, std::size_t filter_bytes) {
    const auto bits = static_cast<unsigned>(std::countr_zero(8 * filter_bytes));
    return code * kScatter % kCodes >> (kCodeBits - bits);
}

}  // namespace

void LetterTriples::add(std::string_view text) {
    for_each_triple(text, [this](unsigned code) {
        std::uint64_t& word = bits_[code / 64];
        const std::uint64_t bit = 1ULL << (code % 64);
        count_ += (word & bit) == 0 ? 1U : 0U;
        word |= bit;
        return count_ <= kCountMax;
    });
}

void LetterTriples::add_across(const char* text, std::size_t place) {
    if (kLetters[static_cast<unsigned char>(text[place - 1])] != kNoLetter &&
        kLetters[static_cast<unsigned char>(text[place])] != kNoLetter) {
        const std::size_t from = place - std::min<std::size_t>(place, 2);
        add({text + from, place + 2 - from});
    }
}

std::string LetterTriples::filter(std::size_t bytes_max) const {
    // A quarter to a half of the bits are set.
    const std::size_t bytes = std::max(kFilterBytesMin, std::bit_ceil(count_ / 4));
    if (count_ > kCountMax || bytes > std::min(bytes_max, kFilterBytesMax)) {
        return {};
    }
    std::string filter(bytes, '\0');
    for (unsigned code = 0; code < kCodes; ++code) {
        if ((bits_[code / 64] >> (code % 64) & 1U) != 0) {
            const unsigned place = place_of(code, bytes);
            const auto byte = static_cast<unsigned char>(filter[place / 8]);
            filter[place / 8] = static_cast<char>(unsigned{byte} | 1U << (place % 8));
        }
    }
    return filter;
}

bool may_have(std::string_view filter, std::string_view text) {
    if (filter.empty()) {
        return true;
    }
    LOGI_CHECK(std::has_single_bit(filter.size()) &&
               filter.size() <= LetterTriples::kFilterBytesMax);
    bool all = true;
    for_each_triple(text, [&](unsigned code) {
        const unsigned place = place_of(code, filter.size());
        const auto byte = static_cast<unsigned char>(filter[place / 8]);
        all = (unsigned{byte} >> (place % 8) & 1U) != 0;
        return all;
    });
    return all;
}

}  // namespace logi::block
