#include "block/text_masks.h"

#include <algorithm>
#include <array>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace logi::block {
namespace {

// What a byte is, one bit each; a stop mask is made of the bytes that have none, or one, of some.
enum Bit : std::uint8_t {
    kDigit = 1,
    kLetter = 2,  // and bytes beyond ASCII
    kJoiner = 4,
    kEndsWord = 8,
    kDoubleQuote = 16,
    kBackslash = 32,
    kLineFeed = 64,
};

constexpr std::uint8_t bits_of(unsigned char c) {
    const auto any = [c](std::string_view set) {
        return set.find(static_cast<char>(c)) != std::string_view::npos;
    };
    unsigned bits = 0;
    if (c >= '0' && c <= '9') {
        bits |= kDigit;
    }
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0x80) {
        bits |= kLetter;
    }
    if (any("-._")) {
        bits |= kJoiner;
    }
    if (c <= ' ' || any(",;&)]}\"")) {
        bits |= kEndsWord;
    }
    if (c == '"') {
        bits |= kDoubleQuote;
    }
    if (c == '\\') {
        bits |= kBackslash;
    }
    if (c == '\n') {
        bits |= kLineFeed;
    }
    return static_cast<std::uint8_t>(bits);
}

constexpr std::array<std::uint8_t, 256> kBits = [] {
    std::array<std::uint8_t, 256> table{};
    for (unsigned c = 0; c < 256; ++c) {
        table[c] = bits_of(static_cast<unsigned char>(c));
    }
    return table;
}();

struct Words {
    std::uint64_t not_run = 0;
    std::uint64_t not_digit = 0;
    std::uint64_t ends_word = 0;
    std::uint64_t quote = 0;
    std::uint64_t joiner = 0;
    std::uint64_t backslash = 0;
};

Words words_portable(const char* p) {
    Words w;
    for (unsigned i = 0; i < 64; ++i) {
        const std::uint8_t b = kBits[static_cast<unsigned char>(p[i])];
        const std::uint64_t bit = 1ULL << i;
        w.not_run |= (b & (kDigit | kLetter)) == 0 ? bit : 0;
        w.not_digit |= (b & kDigit) == 0 ? bit : 0;
        w.ends_word |= (b & kEndsWord) != 0 ? bit : 0;
        w.quote |= (b & (kDoubleQuote | kLineFeed)) != 0 ? bit : 0;
        w.joiner |= (b & kJoiner) != 0 ? bit : 0;
        w.backslash |= (b & kBackslash) != 0 ? bit : 0;
    }
    return w;
}

#if defined(__x86_64__)
struct Halves {
    __m256i lower;
    __m256i upper;
};

[[gnu::target("avx2"), gnu::always_inline]] inline std::uint64_t bits_where(__m256i low,
                                                                            __m256i high) {
    return static_cast<std::uint32_t>(_mm256_movemask_epi8(low)) |
           static_cast<std::uint64_t>(static_cast<std::uint32_t>(_mm256_movemask_epi8(high)))
               << 32U;
}

// 0xFF where first <= byte <= last, bytes taken as unsigned.
[[gnu::target("avx2"), gnu::always_inline]] inline __m256i between(__m256i v,
                                                                   char first,
                                                                   char last) {
    const __m256i moved = _mm256_sub_epi8(v, _mm256_set1_epi8(first));
    const __m256i span = _mm256_set1_epi8(static_cast<char>(last - first));
    return _mm256_cmpeq_epi8(_mm256_min_epu8(moved, span), moved);
}
[[gnu::target("avx2"), gnu::always_inline]] inline __m256i is(__m256i v, char c) {
    return _mm256_cmpeq_epi8(v, _mm256_set1_epi8(c));
}

struct Lanes {
    __m256i run;
    __m256i digit;
    __m256i word;
    __m256i quote;
    __m256i joiner;
    __m256i backslash;
};

[[gnu::target("avx2"), gnu::always_inline]] inline Lanes lanes(const char* p) {
    const __m256i v = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
    Lanes l;
    l.digit = between(v, '0', '9');
    const __m256i lowered = _mm256_or_si256(v, _mm256_set1_epi8(0x20));
    // A byte beyond ASCII has its sign bit, which is all that is looked at of `run`.
    l.run = _mm256_or_si256(_mm256_or_si256(between(lowered, 'a', 'z'), l.digit), v);
    const __m256i double_quote = is(v, '"');
    l.word = _mm256_or_si256(_mm256_or_si256(between(v, 0, ' '), double_quote),
                             _mm256_or_si256(_mm256_or_si256(is(v, ','), is(v, ';')),
                                             _mm256_or_si256(is(v, '&'), is(v, ')'))));
    // ] is 0x5D and } is 0x7D.
    l.word = _mm256_or_si256(l.word, is(lowered, '}'));
    l.quote = _mm256_or_si256(double_quote, is(v, '\n'));
    l.joiner = _mm256_or_si256(_mm256_or_si256(is(v, '-'), is(v, '.')), is(v, '_'));
    l.backslash = is(v, '\\');
    return l;
}

[[gnu::target("avx2"), gnu::always_inline]] inline Words words_avx2(const char* p) {
    const Lanes low = lanes(p);
    const Lanes high = lanes(p + 32);
    Words w;
    w.not_run = ~bits_where(low.run, high.run);
    w.not_digit = ~bits_where(low.digit, high.digit);
    w.ends_word = bits_where(low.word, high.word);
    w.quote = bits_where(low.quote, high.quote);
    w.joiner = bits_where(low.joiner, high.joiner);
    w.backslash = bits_where(low.backslash, high.backslash);
    return w;
}
#endif

// Where the words of all masks go.
struct Masks {
    std::uint64_t* not_run;
    std::uint64_t* not_digit;
    std::uint64_t* ends_word;
    std::uint64_t* quote;
    std::uint64_t* joiner;
    std::uint64_t* backslash;

    void put(std::size_t i, const Words& w) const {
        not_run[i] = w.not_run;
        not_digit[i] = w.not_digit;
        ends_word[i] = w.ends_word;
        quote[i] = w.quote;
        joiner[i] = w.joiner;
        backslash[i] = w.backslash;
    }
};

// Returns whether there is a backslash.
bool fill_portable(const char* text, std::size_t words, const Masks& masks) {
    std::uint64_t any = 0;
    for (std::size_t i = 0; i < words; ++i) {
        const Words w = words_portable(text + 64 * i);
        masks.put(i, w);
        any |= w.backslash;
    }
    return any != 0;
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) bool fill_avx2(const char* text,
                                               std::size_t words,
                                               const Masks& masks) {
    std::uint64_t any = 0;
    for (std::size_t i = 0; i < words; ++i) {
        const Words w = words_avx2(text + 64 * i);
        masks.put(i, w);
        any |= w.backslash;
    }
    return any != 0;
}
#endif

using Fill = bool (*)(const char*, std::size_t, const Masks&);

Fill pick() {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") != 0) {
        return fill_avx2;
    }
#endif
    return fill_portable;
}

}  // namespace

void TextMasks::build(std::string_view text) {
    static const Fill fill = pick();
    const std::size_t words = text.size() / 64 + 1;
    for (auto& mask : masks_) {
        mask.resize(words);
    }
    joiners_.resize(words);
    backslashes_.resize(words);
    const auto words_of = [this](Stop stop) {
        return masks_[static_cast<std::size_t>(stop)].data();
    };
    const bool any_backslash = fill(text.data(),
                                    words,
                                    {words_of(Stop::kRun),
                                     words_of(Stop::kDigits),
                                     words_of(Stop::kWord),
                                     words_of(Stop::kQuote),
                                     joiners_.data(),
                                     backslashes_.data()});
    join_tokens(joiners_);
    if (any_backslash) {
        unescape(text, backslashes_);
    }
}

void TextMasks::join_tokens(const std::vector<std::uint64_t>& joiners) {
    const auto& not_run = masks_[static_cast<std::size_t>(Stop::kRun)];
    auto& token = masks_[static_cast<std::size_t>(Stop::kToken)];
    std::uint64_t before = 0;  // whether the last byte of the word before is of a run
    for (std::size_t i = 0; i < token.size(); ++i) {
        const std::uint64_t run = ~not_run[i];
        const std::uint64_t next = i + 1 < token.size() ? ~not_run[i + 1] & 1U : 0;
        const std::uint64_t joined = joiners[i] & (run << 1U | before) & (run >> 1U | next << 63U);
        token[i] = not_run[i] & ~joined;
        before = run >> 63U;
    }
}

// Takes the quotes away that stand behind an odd number of backslashes.
void TextMasks::unescape(std::string_view text, const std::vector<std::uint64_t>& backslashes) {
    auto& quotes = masks_[static_cast<std::size_t>(Stop::kQuote)];
    std::size_t skip_to = 0;
    for (std::size_t i = 0; i < backslashes.size(); ++i) {
        for (std::uint64_t bits = backslashes[i]; bits != 0; bits &= bits - 1) {
            const std::size_t at = 64 * i + static_cast<std::size_t>(std::countr_zero(bits));
            // The byte after a backslash is escaped, also if it is a backslash.
            if (at < skip_to || at + 1 >= text.size()) {
                continue;
            }
            skip_to = at + 2;
            if (text[at + 1] == '"') {
                quotes[(at + 1) / 64] &= ~(1ULL << ((at + 1) % 64));
            }
        }
    }
}

}  // namespace logi::block
