#include "template/number.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/ascii.h"
#include "template/quote.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>

namespace logi::tmpl {
namespace {

int digit_value(char c) {
    if (base::is_digit(c)) {
        return c - '0';
    }
    const char l = base::to_lower_ascii(c);
    return l >= 'a' && l <= 'z' ? l - 'a' + 10 : 99;
}

bool has_sign(std::string_view s) {
    return !s.empty() && (s[0] == '+' || s[0] == '-');
}

bool has_hex_prefix(std::string_view s) {
    return s.size() > 1 && s[0] == '0' && base::to_lower_ascii(s[1]) == 'x';
}

// Each underscore stands between two digits, or between a base prefix and a digit. No sign in `s`.
bool underscores_ok(std::string_view s) {
    std::size_t i = 0;
    char before = '^';
    if (s.size() >= 2 && s[0] == '0' &&
        (base::to_lower_ascii(s[1]) == 'b' || base::to_lower_ascii(s[1]) == 'o' ||
         base::to_lower_ascii(s[1]) == 'x')) {
        i = 2;
        before = '0';
    }
    const bool hex = has_hex_prefix(s);
    for (; i < s.size(); ++i) {
        const char c = s[i];
        if (base::is_digit(c) ||
            (hex && base::to_lower_ascii(c) >= 'a' && base::to_lower_ascii(c) <= 'f')) {
            before = '0';
        } else if (c == '_') {
            if (before != '0') {
                return false;
            }
            before = '_';
        } else if (before == '_') {
            return false;
        } else {
            before = '!';
        }
    }
    return before != '_';
}

// Takes the base out of a prefix such as 0x and moves s behind it.
int base_of_prefix(std::string_view& s) {
    if (s.size() < 2 || s[0] != '0') {
        return 10;
    }
    const char c = base::to_lower_ascii(s[1]);
    const int base = c == 'x' ? 16 : c == 'b' ? 2 : c == 'o' ? 8 : 0;
    if (base != 0 && s.size() > 2) {
        s.remove_prefix(2);
        return base;
    }
    s.remove_prefix(1);
    return 8;
}

// -0x1.8p+01: one digit before the point, as many as needed or asked for behind it.
std::string hex_float(double v, bool upper, int precision) {
    constexpr int kFractionBits = 52;
    int exponent = 0;
    const double fraction = std::frexp(std::abs(v), &exponent);
    auto mantissa = static_cast<std::uint64_t>(std::ldexp(fraction, kFractionBits + 1));
    exponent = v == 0 ? 0 : exponent - 1;
    if (precision >= 0 && precision < kFractionBits / 4) {
        // To the nearest, of two to the even one.
        const int dropped = kFractionBits - precision * 4;
        const std::uint64_t half = std::uint64_t{1} << (dropped - 1);
        const std::uint64_t rest = mantissa & (2 * half - 1);
        mantissa >>= dropped;
        mantissa += rest > half || (rest == half && mantissa % 2 == 1) ? 1U : 0U;
        mantissa <<= dropped;
        if ((mantissa >> (kFractionBits + 1)) != 0) {
            mantissa >>= 1U;
            ++exponent;
        }
    }
    std::string digits = absl::StrCat(absl::Hex(mantissa, absl::kZeroPad14)).substr(1);
    if (precision < 0) {
        digits.erase(digits.find_last_not_of('0') + 1);
    } else {
        digits.resize(static_cast<std::size_t>(precision), '0');
    }
    const int magnitude = std::abs(exponent);
    std::string out = absl::StrCat(std::signbit(v) ? "-" : "",
                                   "0x",
                                   mantissa >> kFractionBits,
                                   digits.empty() ? "" : ".",
                                   digits,
                                   exponent < 0 ? "p-" : "p+",
                                   magnitude < 10 ? "0" : "",
                                   magnitude);
    if (upper) {
        absl::AsciiStrToUpper(&out);
    }
    return out;
}

std::string special_name(double v) {
    return std::isnan(v) ? "NaN" : v < 0 ? "-Inf" : "+Inf";
}

}  // namespace

Parsed<std::uint64_t> parse_uint(std::string_view s, int base) {
    if (s.empty()) {
        return {0, NumberError::kSyntax};
    }
    const std::string_view whole = s;
    const bool any_base = base == 0;
    if (any_base) {
        base = base_of_prefix(s);
    }
    std::uint64_t value = 0;
    bool over = false;
    bool underscores = false;
    for (const char c : s) {
        if (c == '_' && any_base) {
            underscores = true;
            continue;
        }
        const int digit = digit_value(c);
        if (digit >= base) {
            return {0, NumberError::kSyntax};
        }
        over |= __builtin_mul_overflow(value, static_cast<std::uint64_t>(base), &value);
        over |= __builtin_add_overflow(value, static_cast<std::uint64_t>(digit), &value);
    }
    if (underscores && !underscores_ok(whole)) {
        return {0, NumberError::kSyntax};
    }
    if (over) {
        return {std::numeric_limits<std::uint64_t>::max(), NumberError::kRange};
    }
    return {value, NumberError::kNone};
}

Parsed<std::int64_t> parse_int(std::string_view s, int base) {
    const bool negative = has_sign(s) && s[0] == '-';
    if (has_sign(s)) {
        s.remove_prefix(1);
    }
    const auto magnitude = parse_uint(s, base);
    if (magnitude.error == NumberError::kSyntax) {
        return {0, NumberError::kSyntax};
    }
    constexpr std::uint64_t kCut = std::uint64_t{1} << 63U;
    if (!negative && magnitude.value >= kCut) {
        return {std::numeric_limits<std::int64_t>::max(), NumberError::kRange};
    }
    if (negative && magnitude.value > kCut) {
        return {std::numeric_limits<std::int64_t>::min(), NumberError::kRange};
    }
    return {static_cast<std::int64_t>(negative ? 0 - magnitude.value : magnitude.value),
            NumberError::kNone};
}

std::string number_error(std::string_view function, std::string_view text, NumberError error) {
    return absl::StrCat("strconv.",
                        std::string(function),
                        ": parsing ",
                        quote(text),
                        error == NumberError::kRange ? ": value out of range" : ": invalid syntax");
}

std::string format_float(double v, char format, int precision) {
    if (!std::isfinite(v)) {
        return special_name(v);
    }
    const char kind = base::to_lower_ascii(format);
    // The longest is -1.79e308 in full, or as many digits as asked for.
    std::string out(static_cast<std::size_t>(std::max(precision, 0)) + 400, '\0');
    char* const first = out.data();
    char* const last = first + out.size();
    std::to_chars_result end{};
    if (precision < 0 && kind == 'g') {
        const double magnitude = std::abs(v);
        const bool plain = magnitude == 0 || (magnitude >= 1e-4 && magnitude < 1e6);
        end = std::to_chars(
            first, last, v, plain ? std::chars_format::fixed : std::chars_format::scientific);
    } else if (precision < 0) {
        end = std::to_chars(
            first, last, v, kind == 'f' ? std::chars_format::fixed : std::chars_format::scientific);
    } else {
        const auto style = kind == 'f'   ? std::chars_format::fixed
                           : kind == 'e' ? std::chars_format::scientific
                                         : std::chars_format::general;
        end = std::to_chars(first, last, v, style, precision);
    }
    out.resize(static_cast<std::size_t>(end.ptr - first));
    if (format == 'E' || format == 'G') {
        std::transform(
            out.begin(), out.end(), out.begin(), [](char c) { return c == 'e' ? 'E' : c; });
    }
    return out;
}

std::string format_float_binary(double v, char format, int precision) {
    if (!std::isfinite(v)) {
        return special_name(v);
    }
    if (format == 'b') {
        constexpr int kLeastShift = -1074;
        int exponent = 0;
        (void)std::frexp(v, &exponent);
        const int shift = v == 0 ? kLeastShift : std::max(exponent - 53, kLeastShift);
        return absl::StrCat(std::signbit(v) && v == 0 ? "-" : "",
                            static_cast<std::int64_t>(std::ldexp(v, -shift)),
                            "p",
                            shift < 0 ? "" : "+",
                            shift);
    }
    return hex_float(v, format == 'X', precision);
}

std::int64_t truncate_to_int(double v) {
    constexpr double kLimit = 9223372036854775808.0;
    if (!(v >= -kLimit && v < kLimit)) {
        return std::numeric_limits<std::int64_t>::min();
    }
    return static_cast<std::int64_t>(v);
}

}  // namespace logi::tmpl
