#include "codec/unpack_bits.h"

#include "base/cpu.h"

#include <immintrin.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace logi::codec {
namespace {

// A number of so many bits, wherever in a byte it begins, lies in four bytes.
constexpr unsigned kFastBitsMax = 25;
constexpr std::size_t kStep = 8;
constexpr std::size_t kLoadBytes = 16;

__extension__ using Wide = unsigned __int128;

// From number `i` on.
template <typename T>
void unpack_from(std::size_t i, std::string_view bytes, unsigned bits, T base, absl::Span<T> out) {
    const std::uint64_t mask = bits == 64 ? ~0ULL : (1ULL << bits) - 1;
    constexpr std::size_t kWord = sizeof(std::uint64_t);
    if (bits <= 56 && bytes.size() >= kWord) {
        // Where eight bytes from a number's first one are inside.
        const std::size_t safe = ((bytes.size() - kWord) * 8) / bits;
        for (const std::size_t end = std::min(safe, out.size()); i < end; ++i) {
            std::uint64_t word = 0;
            std::memcpy(&word, bytes.data() + i * bits / 8, kWord);
            out[i] = base + static_cast<T>((word >> (i * bits % 8)) & mask);
        }
    }
    for (; i < out.size(); ++i) {
        const std::size_t bit = i * bits;
        Wide word = 0;
        for (std::size_t b = bit / 8; b < (bit + bits + 7) / 8; ++b) {
            word |= static_cast<Wide>(static_cast<std::uint8_t>(bytes[b])) << (8 * (b - bit / 8));
        }
        out[i] = base + static_cast<T>(static_cast<std::uint64_t>(word >> (bit % 8)) & mask);
    }
}

// How eight numbers of so many bits lie in as many bytes: four from the first byte on, and four
// from the byte in which the fifth begins.
struct Lanes {
    std::array<std::uint8_t, 2 * kLoadBytes> bytes{};  // of either half, those of each number
    std::array<std::uint32_t, kStep> shifts{};
};
constexpr std::array<Lanes, kFastBitsMax + 1> kLanes = [] {
    std::array<Lanes, kFastBitsMax + 1> all{};
    for (unsigned bits = 1; bits <= kFastBitsMax; ++bits) {
        for (unsigned i = 0; i < kStep; ++i) {
            const unsigned half = i / 4;
            const unsigned bit = half * (4 * bits % 8) + i % 4 * bits;
            all[bits].shifts[i] = bit % 8;
            for (unsigned b = 0; b < 4; ++b) {
                all[bits].bytes[4 * i + b] = static_cast<std::uint8_t>(bit / 8 + b);
            }
        }
    }
    return all;
}();

__attribute__((target("avx2"))) inline void store(__m256i numbers,
                                                  std::uint32_t base,
                                                  std::uint32_t* to) {
    const __m256i bases = _mm256_set1_epi32(static_cast<int>(base));
    _mm256_storeu_si256(reinterpret_cast<__m256i_u*>(to), _mm256_add_epi32(numbers, bases));
}
__attribute__((target("avx2"))) inline void store(__m256i numbers,
                                                  std::uint64_t base,
                                                  std::uint64_t* to) {
    const __m256i bases = _mm256_set1_epi64x(static_cast<long long>(base));
    auto* p = reinterpret_cast<__m256i_u*>(to);
    const __m256i low = _mm256_cvtepu32_epi64(_mm256_castsi256_si128(numbers));
    const __m256i high = _mm256_cvtepu32_epi64(_mm256_extracti128_si256(numbers, 1));
    _mm256_storeu_si256(p, _mm256_add_epi64(low, bases));
    _mm256_storeu_si256(p + 1, _mm256_add_epi64(high, bases));
}

// Returns how many numbers it has unpacked: eight at a time, as long as it loads nothing behind the
// bytes.
template <typename T>
__attribute__((target("avx2"))) std::size_t unpack_avx2(std::string_view bytes,
                                                        unsigned bits,
                                                        T base,
                                                        absl::Span<T> out) {
    const Lanes& lanes = kLanes[bits];
    const __m256i places =
        _mm256_loadu_si256(reinterpret_cast<const __m256i_u*>(lanes.bytes.data()));
    const __m256i shifts =
        _mm256_loadu_si256(reinterpret_cast<const __m256i_u*>(lanes.shifts.data()));
    const __m256i mask = _mm256_set1_epi32(static_cast<int>((1U << bits) - 1));
    const std::size_t second = 4 * bits / 8;
    std::size_t i = 0;
    const char* p = bytes.data();
    const std::size_t taken = second + kLoadBytes;
    for (std::size_t left = bytes.size(); i + kStep <= out.size() && left >= taken;
         i += kStep, p += bits, left -= bits) {
        const __m128i low = _mm_loadu_si128(reinterpret_cast<const __m128i_u*>(p));
        const __m128i high = _mm_loadu_si128(reinterpret_cast<const __m128i_u*>(p + second));
        const __m256i both = _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);
        const __m256i words = _mm256_shuffle_epi8(both, places);
        store(_mm256_and_si256(_mm256_srlv_epi32(words, shifts), mask), base, out.data() + i);
    }
    return i;
}

template <typename T>
void unpack(std::string_view bytes, unsigned bits, T base, absl::Span<T> out) {
    const bool fast = bits <= kFastBitsMax && base::has_avx2();
    unpack_from(fast ? unpack_avx2(bytes, bits, base, out) : 0, bytes, bits, base, out);
}

}  // namespace

void unpack_bits(std::string_view bytes,
                 unsigned bits,
                 std::uint64_t base,
                 absl::Span<std::uint64_t> out) {
    unpack(bytes, bits, base, out);
}

void unpack_bits(std::string_view bytes,
                 unsigned bits,
                 std::uint32_t base,
                 absl::Span<std::uint32_t> out) {
    unpack(bytes, bits, base, out);
}

void unpack_bits_portable(std::string_view bytes,
                          unsigned bits,
                          std::uint64_t base,
                          absl::Span<std::uint64_t> out) {
    unpack_from(0, bytes, bits, base, out);
}

void unpack_bits_portable(std::string_view bytes,
                          unsigned bits,
                          std::uint32_t base,
                          absl::Span<std::uint32_t> out) {
    unpack_from(0, bytes, bits, base, out);
}

}  // namespace logi::codec
