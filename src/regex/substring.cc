#include "regex/substring.h"

#include "base/cpu.h"

#include <immintrin.h>

#include <algorithm>
#include <cstring>

namespace logi::regex {
namespace {

// What makes a byte of a text comparable to a byte of the needle: the bit that letters of both
// cases differ in.
constexpr char case_bit(char lower) {
    return lower >= 'a' && lower <= 'z' ? 0x20 : 0;
}

// The needle has a byte at least and is no longer than the text. After W. Muła's "SIMD-friendly
// algorithms for substring searching" (generic SIMD: first and last byte).
template <bool kAnyCase>
__attribute__((target("avx2"))) std::size_t find_avx2(std::string_view text,
                                                      std::string_view needle,
                                                      std::size_t from) {
    const char* base = text.data();
    const std::size_t last_start = text.size() - needle.size();
    const __m256i first = _mm256_set1_epi8(needle.front());
    const __m256i last = _mm256_set1_epi8(needle.back());
    const __m256i first_bit = _mm256_set1_epi8(case_bit(needle.front()));
    const __m256i last_bit = _mm256_set1_epi8(case_bit(needle.back()));
    std::size_t i = from;
    // Both loads stay inside the text: the second ends at i + needle.size() - 1 + 32.
    for (; i + 31 <= last_start; i += 32) {
        __m256i p = _mm256_loadu_si256(reinterpret_cast<const __m256i_u*>(base + i));
        __m256i q =
            _mm256_loadu_si256(reinterpret_cast<const __m256i_u*>(base + i + needle.size() - 1));
        if constexpr (kAnyCase) {
            p = _mm256_or_si256(p, first_bit);
            q = _mm256_or_si256(q, last_bit);
        }
        const __m256i hits =
            _mm256_and_si256(_mm256_cmpeq_epi8(first, p), _mm256_cmpeq_epi8(last, q));
        auto mask = static_cast<unsigned>(_mm256_movemask_epi8(hits));
        while (mask != 0) {
            const auto at = i + static_cast<std::size_t>(__builtin_ctz(mask));
            const std::string_view found = text.substr(at, needle.size());
            if (kAnyCase ? equal_any_case(found, needle) : found == needle) {
                return at;
            }
            mask &= mask - 1;
        }
    }
    return kAnyCase ? find_any_case_portable(text, needle, i) : find_portable(text, needle, i);
}

}  // namespace

bool equal_any_case(std::string_view text, std::string_view lower) {
    return std::equal(text.begin(), text.end(), lower.begin(), lower.end(), [](char a, char b) {
        return a == b || (a >= 'A' && a <= 'Z' && (a | 0x20) == b);
    });
}

std::size_t find_any_case_portable(std::string_view text,
                                   std::string_view needle,
                                   std::size_t from) {
    for (std::size_t at = from; at + needle.size() <= text.size(); ++at) {
        if (equal_any_case(text.substr(at, needle.size()), needle)) {
            return at;
        }
    }
    return kNotFound;
}

std::size_t find_any_case(std::string_view text, std::string_view needle, std::size_t from) {
    if (from > text.size() || needle.size() > text.size() - from) {
        return kNotFound;
    }
    if (needle.empty() || !base::has_avx2()) {
        return find_any_case_portable(text, needle, from);
    }
    return find_avx2<true>(text, needle, from);
}

std::size_t find_portable(std::string_view text, std::string_view needle, std::size_t from) {
    const std::size_t at = text.find(needle, from);
    return at == std::string_view::npos ? kNotFound : at;
}

std::size_t find(std::string_view text, std::string_view needle, std::size_t from) {
    if (from > text.size() || needle.size() > text.size() - from) {
        return kNotFound;
    }
    if (needle.size() < 2 || !base::has_avx2()) {
        return find_portable(text, needle, from);
    }
    return find_avx2<false>(text, needle, from);
}

}  // namespace logi::regex
