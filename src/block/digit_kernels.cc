#include "block/digit_kernels.h"

#include "base/cpu.h"
#include "block/decimal.h"

#include <immintrin.h>

#include <algorithm>

namespace logi::block {
namespace {

constexpr unsigned kNumberDigitsMax = 10;  // of 32 bits

// A number from here on has all the digits. Without zeros in front of numbers, digits that begin
// with a zero need something in front of them. The number 0 has one digit.
std::uint64_t least_for(bool padded, DigitRun run) {
    return padded || run.count == 1 ? 0 : kPowersOfTen[run.count - 1];
}

// Multiplies by 2^35 / 10, rounded up.
__attribute__((target("avx2"))) inline __m256i tenth(__m256i n) {
    const __m256i factor = _mm256_set1_epi64x(0xCCCCCCCD);
    const __m256i even = _mm256_srli_epi64(_mm256_mul_epu32(n, factor), 35);
    const __m256i odd = _mm256_srli_epi64(_mm256_mul_epu32(_mm256_srli_epi64(n, 32), factor), 35);
    return _mm256_or_si256(even, _mm256_slli_epi64(odd, 32));
}

// Eight numbers; of those of 64 bits the upper halves are 0.
__attribute__((target("avx2"))) inline __m256i load(const std::uint32_t* numbers) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i_u*>(numbers));
}
__attribute__((target("avx2"))) inline __m256i load(const std::uint64_t* numbers) {
    const auto* p = reinterpret_cast<const __m256i_u*>(numbers);
    const __m256 a = _mm256_castsi256_ps(_mm256_loadu_si256(p));
    const __m256 b = _mm256_castsi256_ps(_mm256_loadu_si256(p + 1));
    const __m256i mixed = _mm256_castps_si256(_mm256_shuffle_ps(a, b, 0x88));
    return _mm256_permute4x64_epi64(mixed, 0xD8);
}

// A number's digits from some place on are `run` if the number over a power of ten, times that
// power, plus the run is the number again.
template <typename T>
__attribute__((target("avx2"))) void find_avx2(
    absl::Span<const T> numbers, unsigned digits, bool padded, DigitRun run, RowSet& found) {
    const __m256i modulus = _mm256_set1_epi32(static_cast<int>(kPowersOfTen[run.count]));
    const __m256i value = _mm256_set1_epi32(static_cast<int>(run.value));
    const __m256i least = _mm256_set1_epi32(static_cast<int>(least_for(padded, run)));
    const bool zero_counts = padded || run.count > 1 || run.value > 0;
    for (std::size_t row = 0; row < numbers.size(); row += 8) {
        const std::size_t left = numbers.size() - row;
        T last[8] = {};
        if (left < 8) {
            std::copy(numbers.begin() + static_cast<std::ptrdiff_t>(row), numbers.end(), last);
        }
        __m256i n[kNumberDigitsMax + 1];
        n[0] = load(left < 8 ? last : numbers.data() + row);
        for (unsigned i = 1; i <= digits; ++i) {
            n[i] = tenth(n[i - 1]);
        }
        __m256i hits = _mm256_setzero_si256();
        for (unsigned place = 0; place + run.count <= digits; ++place) {
            const __m256i back =
                _mm256_add_epi32(_mm256_mullo_epi32(n[place + run.count], modulus), value);
            const __m256i equal = _mm256_cmpeq_epi32(back, n[place]);
            __m256i enough = _mm256_cmpeq_epi32(_mm256_max_epu32(n[place], least), n[place]);
            if (!zero_counts && place > 0) {
                // Above the highest digit there is no zero.
                enough = _mm256_andnot_si256(_mm256_cmpeq_epi32(n[place], _mm256_setzero_si256()),
                                             enough);
            }
            hits = _mm256_or_si256(hits, _mm256_and_si256(equal, enough));
        }
        auto bits = static_cast<unsigned>(_mm256_movemask_ps(_mm256_castsi256_ps(hits)));
        bits &= left < 8 ? (1U << left) - 1 : 0xFFU;
        if (bits != 0) {
            found.add_eight(row, bits);
        }
    }
}

// As they stand from an even digit on, and from an odd one.
struct DigitMasks {
    explicit DigitMasks(const ThreeDigits& d)
        : first_two(d[0] << 4 | d[1]), third(d[2] << 4), first(d[0]), last_two(d[1] << 4 | d[2]) {}
    int first_two;
    int third;
    int first;
    int last_two;
};

void add_three_digits(std::string_view packed,
                      std::size_t from,
                      std::size_t to,
                      const DigitMasks& masks,
                      std::vector<std::size_t>& begins) {
    for (std::size_t i = from; i < to && i + 1 < packed.size(); ++i) {
        const int a = static_cast<unsigned char>(packed[i]);
        const int b = static_cast<unsigned char>(packed[i + 1]);
        if (a == masks.first_two && (b & 0xF0) == masks.third) {
            begins.push_back(2 * i);
        }
        if ((a & 0x0F) == masks.first && b == masks.last_two) {
            begins.push_back(2 * i + 1);
        }
    }
}

__attribute__((target("avx2"))) void three_digits_avx2(std::string_view packed,
                                                       const ThreeDigits& digits,
                                                       std::vector<std::size_t>& begins) {
    constexpr std::size_t kStep = 32;
    const DigitMasks masks(digits);
    const __m256i first_two = _mm256_set1_epi8(static_cast<char>(masks.first_two));
    const __m256i third = _mm256_set1_epi8(static_cast<char>(masks.third));
    const __m256i first = _mm256_set1_epi8(static_cast<char>(masks.first));
    const __m256i last_two = _mm256_set1_epi8(static_cast<char>(masks.last_two));
    const __m256i upper = _mm256_set1_epi8(static_cast<char>(0xF0));
    const __m256i lower = _mm256_set1_epi8(0x0F);
    std::size_t i = 0;
    for (; i + kStep < packed.size(); i += kStep) {
        const auto* p = packed.data() + i;
        const __m256i a = _mm256_loadu_si256(reinterpret_cast<const __m256i_u*>(p));
        const __m256i b = _mm256_loadu_si256(reinterpret_cast<const __m256i_u*>(p + 1));
        const __m256i even = _mm256_and_si256(_mm256_cmpeq_epi8(a, first_two),
                                              _mm256_cmpeq_epi8(_mm256_and_si256(b, upper), third));
        const __m256i odd = _mm256_and_si256(_mm256_cmpeq_epi8(_mm256_and_si256(a, lower), first),
                                             _mm256_cmpeq_epi8(b, last_two));
        if (_mm256_movemask_epi8(_mm256_or_si256(even, odd)) != 0) {
            add_three_digits(packed, i, i + kStep, masks, begins);
        }
    }
    add_three_digits(packed, i, packed.size(), masks, begins);
}

}  // namespace

void find_three_digits_portable(std::string_view packed,
                                const ThreeDigits& digits,
                                std::vector<std::size_t>& begins) {
    begins.clear();
    add_three_digits(packed, 0, packed.size(), DigitMasks(digits), begins);
}

void find_three_digits(std::string_view packed,
                       const ThreeDigits& digits,
                       std::vector<std::size_t>& begins) {
    if (!base::has_avx2()) {
        find_three_digits_portable(packed, digits, begins);
        return;
    }
    begins.clear();
    three_digits_avx2(packed, digits, begins);
}

bool has_digit_run(std::uint64_t number, unsigned digits, bool padded, DigitRun run) {
    const std::uint64_t least = least_for(padded, run);
    for (unsigned place = 0; place + run.count <= digits; ++place) {
        if (number % kPowersOfTen[run.count] == run.value && number >= least) {
            return true;
        }
        number /= 10;
        if (!padded && number == 0) {
            return false;
        }
    }
    return false;
}

namespace {

template <typename T>
void find_portable(
    absl::Span<const T> numbers, unsigned digits, bool padded, DigitRun run, RowSet& found) {
    for (std::size_t row = 0; row < numbers.size(); ++row) {
        if (has_digit_run(numbers[row], digits, padded, run)) {
            found.add(row);
        }
    }
}

template <typename T>
void find(absl::Span<const T> numbers, unsigned digits, bool padded, DigitRun run, RowSet& found) {
    (base::has_avx2() ? find_avx2<T> : find_portable<T>)(numbers, digits, padded, run, found);
}

}  // namespace

void find_digit_run_portable(absl::Span<const std::uint64_t> numbers,
                             unsigned digits,
                             bool padded,
                             DigitRun run,
                             RowSet& found) {
    find_portable(numbers, digits, padded, run, found);
}

void find_digit_run(absl::Span<const std::uint64_t> numbers,
                    unsigned digits,
                    bool padded,
                    DigitRun run,
                    RowSet& found) {
    find(numbers, digits, padded, run, found);
}

void find_digit_run(absl::Span<const std::uint32_t> numbers,
                    unsigned digits,
                    bool padded,
                    DigitRun run,
                    RowSet& found) {
    find(numbers, digits, padded, run, found);
}

}  // namespace logi::block
