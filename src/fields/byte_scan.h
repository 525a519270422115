// Looking for one of a few bytes, 16 at a time.
#pragma once

#include <emmintrin.h>

#include <cstddef>
#include <string_view>

namespace logi::fields {

// Offset of the first byte at or after `from` that is one of `kBytes`, or text.size().
template <char... kBytes>
[[nodiscard]] inline std::size_t find_any(std::string_view text, std::size_t from) {
    const char* const data = text.data();
    std::size_t i = from;
    for (; i + 16 <= text.size(); i += 16) {
        const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i_u*>(data + i));
        __m128i hits = _mm_setzero_si128();
        ((hits = _mm_or_si128(hits, _mm_cmpeq_epi8(block, _mm_set1_epi8(kBytes)))), ...);
        const int mask = _mm_movemask_epi8(hits);
        if (mask != 0) {
            return i + static_cast<std::size_t>(__builtin_ctz(static_cast<unsigned>(mask)));
        }
    }
    for (; i < text.size(); ++i) {
        if (((data[i] == kBytes) || ...)) {
            return i;
        }
    }
    return text.size();
}

// The same, where every byte up to the space is looked for as well.
template <char... kBytes>
[[nodiscard]] inline std::size_t find_any_or_space(std::string_view text, std::size_t from) {
    const char* const data = text.data();
    std::size_t i = from;
    const __m128i space = _mm_set1_epi8(' ');
    for (; i + 16 <= text.size(); i += 16) {
        const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i_u*>(data + i));
        __m128i hits = _mm_cmpeq_epi8(_mm_min_epu8(block, space), block);
        ((hits = _mm_or_si128(hits, _mm_cmpeq_epi8(block, _mm_set1_epi8(kBytes)))), ...);
        const int mask = _mm_movemask_epi8(hits);
        if (mask != 0) {
            return i + static_cast<std::size_t>(__builtin_ctz(static_cast<unsigned>(mask)));
        }
    }
    for (; i < text.size(); ++i) {
        if (static_cast<unsigned char>(data[i]) <= ' ' || ((data[i] == kBytes) || ...)) {
            return i;
        }
    }
    return text.size();
}

}  // namespace logi::fields
