#include "base/unicode.h"

#include "absl/types/span.h"

#include <locale.h>
#include <wctype.h>

#include <algorithm>
#include <array>

namespace logi::base {
namespace {

// The tables of C.UTF-8; null where the C library has no such locale. Made once, never freed.
locale_t unicode() {
    static const locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    return locale;
}

bool is_ascii_letter_or_digit(char32_t c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

struct Range {
    char32_t first;
    char32_t last;
};

// Format characters and private use, which are not printable for Go.
constexpr Range kUnprintable[] = {
    {0xAD, 0xAD},        {0x600, 0x605},     {0x61C, 0x61C},     {0x6DD, 0x6DD},
    {0x70F, 0x70F},      {0x890, 0x891},     {0x8E2, 0x8E2},     {0x180E, 0x180E},
    {0x200B, 0x200F},    {0x2028, 0x202E},   {0x2060, 0x206F},   {0xE000, 0xF8FF},
    {0xFEFF, 0xFEFF},    {0xFFF9, 0xFFFB},   {0x110BD, 0x110BD}, {0x110CD, 0x110CD},
    {0x13430, 0x1343F},  {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A}, {0xE0000, 0xE00FF},
    {0xF0000, 0x10FFFF},
};

bool in_ranges(absl::Span<const Range> ranges, char32_t c) {
    return std::any_of(
        ranges.begin(), ranges.end(), [c](const Range& r) { return c >= r.first && c <= r.last; });
}

// Georgian letters have capitals, but none to begin a word with.
constexpr Range kOwnTitle[] = {{0x10D0, 0x10FA}, {0x10FD, 0x10FF}};

// Digraphs whose title case is not their upper case: capital, title, small.
constexpr std::array<char32_t, 4> kDigraphs{0x1C4, 0x1C7, 0x1CA, 0x1F1};

}  // namespace

Rune decode_last_rune(std::string_view s) {
    const std::size_t from = s.size() - std::min<std::size_t>(s.size(), 4);
    for (std::size_t i = from; i + 1 < s.size(); ++i) {
        const Rune r = decode_rune(s.substr(i));
        if (r.valid && i + r.length == s.size()) {
            return r;
        }
    }
    return decode_rune(s.substr(s.size() - 1));
}

std::size_t rune_count(std::string_view s) {
    std::size_t n = 0;
    for (std::size_t i = 0; i < s.size(); ++n) {
        i += decode_rune(s.substr(i)).length;
    }
    return n;
}

std::size_t rune_offset(std::string_view s, std::size_t n) {
    std::size_t i = 0;
    for (; n > 0 && i < s.size(); --n) {
        i += decode_rune(s.substr(i)).length;
    }
    return i;
}

bool is_space(char32_t c) {
    if (c < 0x80) {
        return c == ' ' || (c >= '\t' && c <= '\r');
    }
    return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
           c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

bool is_letter_or_digit(char32_t c) {
    if (c < 0x80) {
        return is_ascii_letter_or_digit(c);
    }
    return unicode() != nullptr && iswalnum_l(static_cast<wint_t>(c), unicode()) != 0;
}

bool is_print(char32_t c) {
    if (c < 0x80) {
        return c >= 0x20 && c < 0x7F;
    }
    return !in_ranges(kUnprintable, c) && !is_space(c) && unicode() != nullptr &&
           iswprint_l(static_cast<wint_t>(c), unicode()) != 0;
}

char32_t to_lower(char32_t c) {
    if (c < 0x80) {
        return c >= 'A' && c <= 'Z' ? c + 32 : c;
    }
    return unicode() == nullptr
               ? c
               : static_cast<char32_t>(towlower_l(static_cast<wint_t>(c), unicode()));
}

char32_t to_upper(char32_t c) {
    if (c < 0x80) {
        return c >= 'a' && c <= 'z' ? c - 32 : c;
    }
    return unicode() == nullptr
               ? c
               : static_cast<char32_t>(towupper_l(static_cast<wint_t>(c), unicode()));
}

char32_t to_title(char32_t c) {
    for (const char32_t first : kDigraphs) {
        if (c >= first && c <= first + 2) {
            return first + 1;
        }
    }
    return in_ranges(kOwnTitle, c) ? c : to_upper(c);
}

}  // namespace logi::base
