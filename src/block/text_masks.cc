#include "block/text_masks.h"

#include "base/cpu.h"

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
struct WordHalves {
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

// Puts the words of one line after another where they belong. Whether a token goes on behind the
// last byte of a line tells the next one.
class Lines {
  public:
    explicit Lines(TextMasks::Line* to) : to_(to) {}

    [[gnu::always_inline]] inline void put(const Words& w) {
        put_tokens(~w.not_run & 1U);
        const auto set = [this](Stop stop, std::uint64_t word) {
            to_->stops[static_cast<std::size_t>(stop)] = word;
        };
        set(Stop::kWord, w.ends_word);
        set(Stop::kQuote, w.quote);
        set(Stop::kDigits, w.not_digit);
        set(Stop::kRun, w.not_run);
        to_->backslashes = w.backslash;
        any_backslash_ |= w.backslash;
        before_ = last_run_ >> 63U;
        last_run_ = ~w.not_run;
        joiners_ = w.joiner;
        ++to_;
    }
    // Returns whether there is a backslash.
    [[gnu::always_inline]] inline bool finish() {
        put_tokens(0);
        return any_backslash_ != 0;
    }

  private:
    // Those of the last line, given whether a run goes on in the next one.
    [[gnu::always_inline]] inline void put_tokens(std::uint64_t next) {
        const std::uint64_t joined =
            joiners_ & (last_run_ << 1U | before_) & (last_run_ >> 1U | next << 63U);
        to_[-1].stops[static_cast<std::size_t>(Stop::kToken)] = ~last_run_ & ~joined;
    }

    TextMasks::Line* to_;
    std::uint64_t before_ = 0;    // whether the last byte of the line before is of a run
    std::uint64_t last_run_ = 0;  // of the last line
    std::uint64_t joiners_ = 0;
    std::uint64_t any_backslash_ = 0;
};

// Overwrites the line before as well. Returns whether there is a backslash.
bool fill_portable(const char* text, std::size_t count, TextMasks::Line* to) {
    Lines lines(to);
    for (std::size_t i = 0; i < count; ++i) {
        lines.put(words_portable(text + 64 * i));
    }
    return lines.finish();
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) bool fill_avx2(const char* text,
                                               std::size_t count,
                                               TextMasks::Line* to) {
    Lines lines(to);
    for (std::size_t i = 0; i < count; ++i) {
        lines.put(words_avx2(text + 64 * i));
    }
    return lines.finish();
}
#endif

bool fill(const char* text, std::size_t count, TextMasks::Line* to) {
#if defined(__x86_64__)
    if (base::has_avx2()) {
        return fill_avx2(text, count, to);
    }
#endif
    return fill_portable(text, count, to);
}

}  // namespace

void TextMasks::begin(std::size_t bytes) {
    const std::size_t count = bytes / 64 + 3;
    if (lines_.size() < count) {
        lines_.resize(count);
    }
}

void TextMasks::build(std::size_t begin, std::string_view part) {
    Line* const lines = lines_.data() + 1 + begin / 64;
    const Line before = lines[-1];
    const bool backslashes = fill(part.data(), part.size() / 64 + 1, lines);
    lines[-1] = before;  // of another part, or none
    if (backslashes) {
        unescape(part, lines);
    }
}

// Takes the quotes away that stand behind an odd number of backslashes.
void TextMasks::unescape(std::string_view text, Line* lines) {
    std::size_t skip_to = 0;
    for (std::size_t line = 0; line <= text.size() / 64; ++line) {
        for (std::uint64_t bits = lines[line].backslashes; bits != 0; bits &= bits - 1) {
            const std::size_t at = 64 * line + static_cast<std::size_t>(std::countr_zero(bits));
            // The byte after a backslash is escaped, also if it is a backslash.
            if (at < skip_to || at + 1 >= text.size()) {
                continue;
            }
            skip_to = at + 2;
            if (text[at + 1] == '"') {
                lines[(at + 1) / 64].stops[static_cast<std::size_t>(Stop::kQuote)] &=
                    ~(1ULL << ((at + 1) % 64));
            }
        }
    }
}

}  // namespace logi::block
