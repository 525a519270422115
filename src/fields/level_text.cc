#include "fields/level.h"

#include <emmintrin.h>

#include <array>

namespace logi::fields {
namespace {

struct Word {
    std::string_view text;
    std::string_view level;
};
// Of words that begin alike the longer comes first.
constexpr std::array<Word, 9> kWords = {{{"trace", "trace"},
                                         {"debug", "debug"},
                                         {"info", "info"},
                                         {"warning", "warn"},
                                         {"warn", "warn"},
                                         {"error", "error"},
                                         {"err", "error"},
                                         {"critical", "critical"},
                                         {"fatal", "fatal"}}};
constexpr std::size_t kShortest = 3;

// What may stand before a word.
bool opens_word(char c) {
    return std::string_view(" \t\n[({\"=").find(c) != std::string_view::npos;
}
// What may stand behind it.
bool closes_word(char c) {
    return std::string_view(" \t\n[](){}:,!\"=").find(c) != std::string_view::npos;
}

bool begins_with(std::string_view text, std::string_view lower_word) {
    if (text.size() < lower_word.size()) {
        return false;
    }
    for (std::size_t i = 0; i < lower_word.size(); ++i) {
        if ((text[i] | 0x20) != lower_word[i]) {
            return false;
        }
    }
    return true;
}

// The level whose word begins `text` and ends there; empty if there is none.
std::string_view level_at(std::string_view text) {
    for (const auto& word : kWords) {
        if (begins_with(text, word.text) &&
            (text.size() == word.text.size() || closes_word(text[word.text.size()]))) {
            return word.level;
        }
    }
    return {};
}

// Bit i: byte i may stand before a word. [ and {, space and " differ in one bit each.
int opening_bytes(__m128i block) {
    const auto equals = [&](__m128i bytes, char c) {
        return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(c));
    };
    const __m128i lower = _mm_or_si128(block, _mm_set1_epi8(0x20));
    const __m128i braces = _mm_or_si128(equals(lower, '{'), equals(block, '('));
    const __m128i blanks = _mm_or_si128(equals(_mm_and_si128(block, _mm_set1_epi8(~0x02)), ' '),
                                        _mm_or_si128(equals(block, '\t'), equals(block, '\n')));
    return _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(braces, blanks), equals(block, '=')));
}

// Bit i: byte i is the first letter of one of the words: c to f, i, t, w.
int first_letters(__m128i block) {
    const __m128i lower = _mm_or_si128(block, _mm_set1_epi8(0x20));
    const auto equals = [&](char c) {
        return _mm_cmpeq_epi8(lower, _mm_set1_epi8(c));
    };
    const __m128i from_c = _mm_sub_epi8(lower, _mm_set1_epi8('c'));
    const __m128i c_to_f = _mm_cmpeq_epi8(_mm_min_epu8(from_c, _mm_set1_epi8(3)), from_c);
    return _mm_movemask_epi8(
        _mm_or_si128(_mm_or_si128(c_to_f, equals('i')), _mm_or_si128(equals('t'), equals('w'))));
}

std::string_view search(std::string_view text, std::size_t from) {
    for (std::size_t i = from; i + kShortest <= text.size(); ++i) {
        if (i == 0 || opens_word(text[i - 1])) {
            if (const std::string_view level = level_at(text.substr(i)); !level.empty()) {
                return level;
            }
        }
    }
    return "unknown";
}

}  // namespace

std::string_view level_in_text_portable(std::string_view text) {
    return search(text, 0);
}

std::string_view level_in_text(std::string_view text) {
    std::size_t i = 0;
    unsigned opened = 1;  // whether the byte before the block opens a word
    for (; i + 16 <= text.size(); i += 16) {
        const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i_u*>(text.data() + i));
        const auto opening = static_cast<unsigned>(opening_bytes(block));
        unsigned starts = ((opening << 1U) | opened) & static_cast<unsigned>(first_letters(block));
        opened = (opening >> 15U) & 1U;
        for (; starts != 0; starts &= starts - 1) {
            const auto at = i + static_cast<std::size_t>(__builtin_ctz(starts));
            if (const std::string_view level = level_at(text.substr(at)); !level.empty()) {
                return level;
            }
        }
    }
    return search(text, i);
}

}  // namespace logi::fields
