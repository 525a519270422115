#include "block/text_kernels.h"

#include "base/ascii.h"
#include "base/cpu.h"
#include "block/decimal.h"

#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace logi::block {
namespace {

ClassMask classes_portable(const char* text, absl::Span<const Slot> slots) {
    ClassMask mask = 0;
    for (const Slot& s : slots) {
        mask |= classes_of(std::string_view(text + s.begin, s.size));
    }
    return mask;
}

ClassMask classes_of_heads_portable(absl::Span<const std::uint64_t> heads) {
    ClassMask mask = 0;
    for (const std::uint64_t head : heads) {
        char bytes[sizeof(head)];
        std::memcpy(bytes, &head, sizeof(head));
        mask |= classes_of(std::string_view(bytes, sizeof(bytes)));
    }
    return mask;
}

constexpr std::uint64_t kUpperHalves = 0xF0F0F0F0F0F0F0F0;
constexpr std::uint64_t kThrees = 0x3030303030303030;

// Bits where a byte is no decimal digit: in one the upper half is 3, also after six was added.
std::uint64_t no_digits(std::uint64_t word) {
    return ((word ^ kThrees) | ((word + 0x0606060606060606) ^ kThrees)) & kUpperHalves;
}

struct HeadScan {
    bool other = false;  // than the first one
    bool no_digits = false;
    std::uint32_t min_size = ~0U;
    std::uint32_t max_size = 0;
};

HeadScan scan_rest(absl::Span<const Slot> slots,
                   absl::Span<const std::uint64_t> heads,
                   std::uint64_t first) {
    std::uint64_t other = 0;
    std::uint64_t wrong = 0;
    HeadScan s;
    for (std::size_t i = 0; i < heads.size(); ++i) {
        other |= heads[i] ^ first;
        wrong |= no_digits(heads[i]);
        s.min_size = std::min(s.min_size, slots[i].size);
        s.max_size = std::max(s.max_size, slots[i].size);
    }
    s.other = other != 0;
    s.no_digits = wrong != 0;
    return s;
}

HeadScan scan_portable(absl::Span<const Slot> slots, absl::Span<const std::uint64_t> heads) {
    return scan_rest(slots, heads, heads[0]);
}

bool numbers_portable(absl::Span<const Slot> slots,
                      absl::Span<const std::uint64_t> heads,
                      std::uint64_t* numbers) {
    bool zeros = false;
    for (std::size_t i = 0; i < heads.size(); ++i) {
        numbers[i] = number_of_head(heads[i], slots[i].size);
        zeros |= slots[i].size > 1 && (heads[i] & 0xFF) == '0';
    }
    return zeros;
}

// The values of sixteen hexadecimal digits of one case, two to a byte.
std::uint64_t pack_word(std::uint64_t word) {
    // Letters have bit 6 and are nine more than their lower half says.
    const std::uint64_t letters = word >> 6U & 0x0101010101010101;
    const std::uint64_t values = (word & 0x0F0F0F0F0F0F0F0F) + letters * 9;
    // Bytes 2i and 2i+1 become byte i.
    std::uint64_t v = (values << 4U | values >> 8U) & 0x00FF00FF00FF00FF;
    v = (v | v >> 8U) & 0x0000FFFF0000FFFF;
    return (v | v >> 16U) & 0x00000000FFFFFFFF;
}

#if defined(__x86_64__)
// Which of eight classes a byte is in, by the lower and the upper half.
struct Tables {
    alignas(16) std::uint8_t lower[2][16];
    alignas(16) std::uint8_t upper[2][16];
};
constexpr Tables kTables = [] {
    Tables t{};
    for (unsigned c = 0; c < 16; ++c) {
        for (unsigned half = 0; half < 16; ++half) {
            const unsigned bit = 1U << (c % 8);
            const unsigned lower = kCharClasses[c].lower;
            const unsigned upper = kCharClasses[c].upper;
            if ((lower >> half & 1U) != 0) {
                t.lower[c / 8][half] = static_cast<std::uint8_t>(t.lower[c / 8][half] | bit);
            }
            if ((upper >> half & 1U) != 0) {
                t.upper[c / 8][half] = static_cast<std::uint8_t>(t.upper[c / 8][half] | bit);
            }
        }
    }
    return t;
}();

alignas(32) constexpr std::array<std::uint8_t, 64> kKeep = [] {
    std::array<std::uint8_t, 64> keep{};
    for (std::size_t i = 0; i < 32; ++i) {
        keep[i] = 0xFF;
    }
    return keep;
}();

__attribute__((target("avx2"))) __m256i table(const std::uint8_t* t) {
    return _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(t)));
}

__attribute__((target("avx2"))) std::uint8_t any_bits(__m256i v) {
    const __m128i half = _mm_or_si128(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    std::uint64_t words[2];
    std::memcpy(words, &half, sizeof(words));
    std::uint64_t bits = words[0] | words[1];
    bits |= bits >> 32U;
    bits |= bits >> 16U;
    return static_cast<std::uint8_t>(bits | bits >> 8U);
}

// The classes of the bytes that were seen so far, eight classes to a byte.
struct Seen {
    __m256i low0;
    __m256i low1;
    __m256i up0;
    __m256i up1;
    __m256i first;
    __m256i second;

    [[gnu::target("avx2"), gnu::always_inline]] inline Seen()
        : low0(table(kTables.lower[0])),
          low1(table(kTables.lower[1])),
          up0(table(kTables.upper[0])),
          up1(table(kTables.upper[1])),
          first(_mm256_setzero_si256()),
          second(_mm256_setzero_si256()) {}

    [[gnu::target("avx2"), gnu::always_inline]] inline void add(__m256i v, __m256i keep) {
        const __m256i nibble = _mm256_set1_epi8(15);
        const __m256i lower = _mm256_and_si256(v, nibble);
        const __m256i upper = _mm256_and_si256(_mm256_srli_epi16(v, 4), nibble);
        const auto classes = [&](__m256i low, __m256i up)
            __attribute__((target("avx2"), always_inline)) {
            return _mm256_and_si256(
                keep,
                _mm256_and_si256(_mm256_shuffle_epi8(low, lower), _mm256_shuffle_epi8(up, upper)));
        };
        first = _mm256_or_si256(first, classes(low0, up0));
        second = _mm256_or_si256(second, classes(low1, up1));
    }
    [[gnu::target("avx2"), gnu::always_inline]] [[nodiscard]] inline ClassMask mask() const {
        return static_cast<ClassMask>(any_bits(first) | any_bits(second) << 8U);
    }
};

__attribute__((target("avx2"))) ClassMask classes_avx2(const char* text,
                                                       absl::Span<const Slot> slots) {
    Seen seen;
    for (const Slot& s : slots) {
        for (std::uint32_t i = 0; i < s.size; i += 32) {
            const __m256i v =
                _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text + s.begin + i));
            const __m256i keep = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(
                kKeep.data() + 32 - std::min<std::uint32_t>(s.size - i, 32)));
            seen.add(v, keep);
        }
    }
    return seen.mask();
}

__attribute__((target("avx2"))) ClassMask classes_of_run_avx2(std::string_view text) {
    Seen seen;
    const __m256i all = _mm256_set1_epi8(-1);
    std::size_t i = 0;
    for (; i + 32 <= text.size(); i += 32) {
        seen.add(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(text.data() + i)), all);
    }
    return static_cast<ClassMask>(seen.mask() | classes_of(text.substr(i)));
}

__attribute__((target("avx2"))) ClassMask classes_of_heads_avx2(
    absl::Span<const std::uint64_t> heads) {
    Seen seen;
    const __m256i all = _mm256_set1_epi8(-1);
    std::size_t i = 0;
    for (; i + 4 <= heads.size(); i += 4) {
        seen.add(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(heads.data() + i)), all);
    }
    return static_cast<ClassMask>(seen.mask() | classes_of_heads_portable(heads.subspan(i)));
}

[[gnu::target("avx2"), gnu::always_inline]] inline __m256i load(const void* p) {
    return _mm256_loadu_si256(static_cast<const __m256i*>(p));
}
[[gnu::target("avx2"), gnu::always_inline]] inline __m256i all_words(std::uint64_t word) {
    return _mm256_set1_epi64x(static_cast<long long>(word));
}

// Heads, and slots, that are looked at together.
constexpr std::size_t kTogether = 4;

__attribute__((target("avx2"))) HeadScan scan_avx2(absl::Span<const Slot> slots,
                                                   absl::Span<const std::uint64_t> heads) {
    const __m256i first = all_words(heads[0]);
    const __m256i upper = all_words(kUpperHalves);
    const __m256i threes = all_words(kThrees);
    const __m256i six = _mm256_set1_epi8(6);
    __m256i other = _mm256_setzero_si256();
    __m256i wrong = other;
    __m256i min = _mm256_set1_epi32(-1);  // of begins as well, which nobody wants
    __m256i max = other;
    std::size_t i = 0;
    for (; i + kTogether <= heads.size(); i += kTogether) {
        const __m256i head = load(heads.data() + i);
        const __m256i slot = load(slots.data() + i);
        other = _mm256_or_si256(other, _mm256_xor_si256(head, first));
        const __m256i moved = _mm256_add_epi8(head, six);
        wrong = _mm256_or_si256(
            wrong,
            _mm256_or_si256(_mm256_xor_si256(head, threes), _mm256_xor_si256(moved, threes)));
        min = _mm256_min_epu32(min, slot);
        max = _mm256_max_epu32(max, slot);
    }
    HeadScan s = scan_rest(slots.subspan(i), heads.subspan(i), heads[0]);
    wrong = _mm256_and_si256(wrong, upper);
    s.other = s.other || _mm256_testz_si256(other, other) == 0;
    s.no_digits = s.no_digits || _mm256_testz_si256(wrong, wrong) == 0;
    std::array<Slot, kTogether> least;
    std::array<Slot, kTogether> most;
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(least.data()), min);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(most.data()), max);
    for (std::size_t lane = 0; lane < kTogether && i > 0; ++lane) {
        s.min_size = std::min(s.min_size, least[lane].size);
        s.max_size = std::max(s.max_size, most[lane].size);
    }
    return s;
}

__attribute__((target("avx2"))) bool numbers_avx2(absl::Span<const Slot> slots,
                                                  absl::Span<const std::uint64_t> heads,
                                                  std::uint64_t* numbers) {
    const __m256i bits = all_words(64);
    const __m256i lower = _mm256_set1_epi8(15);
    const __m256i tens = _mm256_set1_epi16(1 << 8 | 10);
    const __m256i hundreds = _mm256_set1_epi32(1 << 16 | 100);
    const __m256i ten_thousands = all_words(10'000);
    const __m256i first_byte = all_words(0xFF);
    const __m256i zero = all_words('0');
    const __m256i one = all_words(1);
    __m256i zeros = _mm256_setzero_si256();
    std::size_t i = 0;
    for (; i + kTogether <= heads.size(); i += kTogether) {
        const __m256i head = load(heads.data() + i);
        const __m256i size = _mm256_srli_epi64(load(slots.data() + i), 32);
        zeros = _mm256_or_si256(
            zeros,
            _mm256_and_si256(_mm256_cmpgt_epi64(size, one),
                             _mm256_cmpeq_epi64(_mm256_and_si256(head, first_byte), zero)));
        // Zeros move in in front; then numbers of two digits, of four, of eight.
        __m256i v = _mm256_sllv_epi64(head, _mm256_sub_epi64(bits, _mm256_slli_epi64(size, 3)));
        v = _mm256_maddubs_epi16(_mm256_and_si256(v, lower), tens);
        v = _mm256_madd_epi16(v, hundreds);
        v = _mm256_add_epi64(_mm256_mul_epu32(v, ten_thousands), _mm256_srli_epi64(v, 32));
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(numbers + i), v);
    }
    const bool rest = numbers_portable(slots.subspan(i), heads.subspan(i), numbers + i);
    return rest || _mm256_testz_si256(zeros, zeros) == 0;
}
#endif

struct Kernels {
    ClassMask (*of_texts)(const char*, absl::Span<const Slot>) = classes_portable;
    ClassMask (*of_heads)(absl::Span<const std::uint64_t>) = classes_of_heads_portable;
    ClassMask (*of_run)(std::string_view) = classes_of;
    HeadScan (*scan)(absl::Span<const Slot>, absl::Span<const std::uint64_t>) = scan_portable;
    bool (*numbers)(absl::Span<const Slot>,
                    absl::Span<const std::uint64_t>,
                    std::uint64_t*) = numbers_portable;
};

Kernels kernels() {
#if defined(__x86_64__)
    if (base::has_avx2()) {
        return {classes_avx2, classes_of_heads_avx2, classes_of_run_avx2, scan_avx2, numbers_avx2};
    }
#endif
    return {};
}

}  // namespace

ClassMask classes_of(const char* text, absl::Span<const Slot> slots) {
    return kernels().of_texts(text, slots);
}

ClassMask classes_of_run(std::string_view text) {
    return kernels().of_run(text);
}

ClassMask classes_of(absl::Span<const std::uint64_t> heads) {
    return kernels().of_heads(heads);
}

TextScan scan(const char* text, absl::Span<const Slot> slots, std::vector<std::uint64_t>& heads) {
    heads.resize(slots.size());
    std::uint32_t gaps = 0;
    std::uint32_t end = slots[0].begin;
    for (std::size_t i = 0; i < slots.size(); ++i) {
        gaps |= slots[i].begin ^ end;
        end = slots[i].begin + slots[i].size;
        heads[i] = head_of(text, slots[i]);
    }
    TextScan s = scan_heads(slots, heads);
    s.adjoining = gaps == 0;
    for (std::size_t i = 1; s.equal && s.max_size > kHeadBytes && i < slots.size(); ++i) {
        s.equal = same_bytes(text + slots[0].begin, text + slots[i].begin, s.max_size);
    }
    return s;
}

TextScan scan_heads(absl::Span<const Slot> slots, absl::Span<const std::uint64_t> heads) {
    const HeadScan s = kernels().scan(slots, heads);
    return {.min_size = s.min_size,
            .max_size = s.max_size,
            .equal = !s.other && s.min_size == s.max_size,
            .digit_heads = !s.no_digits};
}

bool numbers_of_heads(absl::Span<const Slot> slots,
                      absl::Span<const std::uint64_t> heads,
                      std::vector<std::uint64_t>& numbers) {
    numbers.resize(heads.size());
    return kernels().numbers(slots, heads, numbers.data());
}

void pack_hex(const char* text,
              absl::Span<const Slot> slots,
              std::uint32_t size,
              std::string& out) {
    const std::size_t begin = out.size();
    out.resize(begin + (slots.size() * size + 1) / 2);
    char* p = out.data() + begin;
    if (size % 2 == 0) {
        for (const Slot& s : slots) {
            const char* digits = text + s.begin;
            std::uint32_t i = 0;
            for (; i + 8 <= size; i += 8, p += 4) {
                std::uint64_t word = 0;
                std::memcpy(&word, digits + i, 8);
                const auto packed = static_cast<std::uint32_t>(pack_word(word));
                std::memcpy(p, &packed, 4);
            }
            if (i < size) {
                std::uint64_t word = 0;
                std::memcpy(&word, digits + i, 8);
                const std::uint64_t packed = pack_word(word);
                std::memcpy(p, &packed, (size - i) / 2);
                p += (size - i) / 2;
            }
        }
        return;
    }
    unsigned first = 0;
    bool half = false;
    for (const Slot& s : slots) {
        for (std::uint32_t i = 0; i < size; ++i) {
            const auto c = static_cast<unsigned char>(text[s.begin + i]);
            const unsigned v = (c & 15U) + (c >> 6U & 1U) * 9;
            if (half) {
                *p++ = static_cast<char>(first << 4U | v);
            }
            first = v;
            half = !half;
        }
    }
    if (half) {
        *p = static_cast<char>(first << 4U);
    }
}

bool all_digits(const char* text, absl::Span<const Slot> slots) {
    for (const Slot& s : slots) {
        const char* p = text + s.begin;
        for (std::uint32_t left = s.size; left > 0;) {
            const std::uint32_t n = std::min<std::uint32_t>(left, 8);
            std::uint64_t word = 0;
            std::memcpy(&word, p, 8);
            const std::uint64_t keep = ~0ULL >> (64 - 8 * n);
            if ((no_digits(word) & keep) != 0) {
                return false;
            }
            p += n;
            left -= n;
        }
    }
    return true;
}

std::uint32_t prefix_of_digits(const char* text, absl::Span<const Slot> slots) {
    const char* const first = text + slots[0].begin;
    std::uint32_t prefix = slots[0].size;
    const auto shorten = [&](std::uint32_t to) {
        for (prefix = to; prefix > 0 && base::is_digit(first[prefix - 1]);) {
            --prefix;
        }
    };
    shorten(slots[0].size);
    if (prefix == slots[0].size) {
        return 0;
    }
    for (std::size_t i = 1; i < slots.size() && prefix > 0; ++i) {
        const char* const other = text + slots[i].begin;
        if (slots[i].size <= prefix || !same_bytes(first, other, prefix)) {
            std::uint32_t same = 0;
            while (same < std::min(prefix, slots[i].size - 1) && first[same] == other[same]) {
                ++same;
            }
            shorten(same);
        }
    }
    return prefix;
}

std::uint64_t parse_digits(const char* p, std::size_t size) {
    std::uint64_t value = 0;
    for (; size > 8; p += 8, size -= 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, p, 8);
        value = value * 100'000'000 + number_of_head(word, kHeadBytes);
    }
    if (size == 0) {
        return value;
    }
    std::uint64_t word = 0;
    std::memcpy(&word, p, 8);
    return value * kPowersOfTen[size] + number_of_head(word, static_cast<std::uint32_t>(size));
}

}  // namespace logi::block
