#include "absl/strings/charconv.h"
#include "absl/strings/str_cat.h"
#include "base/ascii.h"
#include "fields/conversions.h"
#include "model/labels.h"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace logi::fields {
namespace {

bool is_hex_digit(char c) {
    return base::is_digit(c) || (base::to_lower_ascii(c) >= 'a' && base::to_lower_ascii(c) <= 'f');
}

bool equals_lower(std::string_view text, std::string_view word) {
    if (text.size() != word.size()) {
        return false;
    }
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (base::to_lower_ascii(text[i]) != word[i]) {
            return false;
        }
    }
    return true;
}

bool parse_special(std::string_view text, double& value) {
    if (equals_lower(text, "nan")) {
        value = std::numeric_limits<double>::quiet_NaN();
        return true;
    }
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) {
        text.remove_prefix(1);
    }
    if (!equals_lower(text, "inf") && !equals_lower(text, "infinity")) {
        return false;
    }
    value = negative ? -std::numeric_limits<double>::infinity()
                     : std::numeric_limits<double>::infinity();
    return true;
}

// The parts of a number without its sign: digits, a dot among them, an exponent.
struct Shape {
    bool valid = false;
    bool hex = false;
    bool underscores = false;
};

// Reads digits and at most one dot; underscores are counted, not judged.
std::size_t skip_mantissa(std::string_view s, std::size_t from, Shape& shape, std::size_t& digits) {
    bool dot = false;
    std::size_t i = from;
    for (; i < s.size(); ++i) {
        if (s[i] == '_') {
            shape.underscores = true;
        } else if (s[i] == '.' && !dot) {
            dot = true;
        } else if (shape.hex ? is_hex_digit(s[i]) : base::is_digit(s[i])) {
            ++digits;
        } else {
            break;
        }
    }
    return i;
}

Shape shape_of(std::string_view s) {
    Shape shape;
    shape.hex = s.size() > 2 && s[0] == '0' && base::to_lower_ascii(s[1]) == 'x';
    std::size_t digits = 0;
    std::size_t i = skip_mantissa(s, shape.hex ? 2 : 0, shape, digits);
    const bool exponent = i < s.size() && base::to_lower_ascii(s[i]) == (shape.hex ? 'p' : 'e');
    if (exponent) {
        ++i;
        if (i < s.size() && (s[i] == '+' || s[i] == '-')) {
            ++i;
        }
        const std::size_t begin = i;
        while (i < s.size() && (base::is_digit(s[i]) || s[i] == '_')) {
            shape.underscores |= s[i] == '_';
            ++i;
        }
        if (i == begin || !base::is_digit(s[begin])) {
            return shape;
        }
    }
    shape.valid = digits > 0 && i == s.size() && (exponent || !shape.hex);
    return shape;
}

// Each underscore stands between two digits, or between the base's prefix and a digit.
bool underscores_are_right(std::string_view s, bool hex) {
    char before = hex ? '0' : '^';
    for (std::size_t i = hex ? 2 : 0; i < s.size(); ++i) {
        const bool digit = base::is_digit(s[i]) || (hex && is_hex_digit(s[i]));
        if (s[i] == '_' ? before != '0' : (!digit && before == '_')) {
            return false;
        }
        before = s[i] == '_' ? '_' : digit ? '0' : '!';
    }
    return before != '_';
}

enum class Outcome : unsigned char { kOk, kSyntax, kRange };

// `s` has the right shape, no sign and no underscores.
Outcome convert(std::string_view s, bool hex, double& value) {
    const char* const end = s.data() + s.size();
    if (!hex) {
        const auto [stop, code] = std::from_chars(s.data(), end, value);
        if (code == std::errc() && stop == end) {
            return Outcome::kOk;
        }
    }
    // Beside hexadecimal numbers this tells too large from too small.
    const auto result =
        absl::from_chars(s.data() + (hex ? 2 : 0),
                         end,
                         value,
                         hex ? absl::chars_format::hex : absl::chars_format::general);
    if (result.ec == std::errc::result_out_of_range) {
        if (std::abs(value) > 1) {
            value = std::numeric_limits<double>::infinity();
            return Outcome::kRange;
        }
        return Outcome::kOk;
    }
    return result.ec == std::errc() && result.ptr == end ? Outcome::kOk : Outcome::kSyntax;
}

Outcome parse_number(std::string_view text, double& value) {
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) {
        text.remove_prefix(1);
    }
    const Shape shape = shape_of(text);
    if (!shape.valid || (shape.underscores && !underscores_are_right(text, shape.hex))) {
        return Outcome::kSyntax;
    }
    std::string plain;
    if (shape.underscores) {
        for (const char c : text) {
            if (c != '_') {
                plain.push_back(c);
            }
        }
        text = plain;
    }
    const Outcome outcome = convert(text, shape.hex, value);
    value = negative ? -value : value;
    return outcome;
}

// A number d.ddde±xx, maybe negative, with its zeros written out.
std::string without_exponent(std::string_view scientific) {
    const bool negative = scientific.starts_with('-');
    scientific.remove_prefix(negative ? 1 : 0);
    const std::size_t e = scientific.find('e');
    std::string digits(1, scientific[0]);
    if (e > 2) {
        digits.append(scientific.substr(2, e - 2));
    }
    int exponent = 0;
    const std::size_t sign = scientific[e + 1] == '+' ? 1 : 0;
    std::from_chars(
        scientific.data() + e + 1 + sign, scientific.data() + scientific.size(), exponent);
    std::string out = negative ? "-" : "";
    if (exponent < 0) {
        out.append("0.").append(static_cast<std::size_t>(-exponent - 1), '0').append(digits);
        return out;
    }
    const auto whole = static_cast<std::size_t>(exponent) + 1;
    if (digits.size() <= whole) {
        return out.append(digits).append(whole - digits.size(), '0');
    }
    return out.append(digits, 0, whole).append(1, '.').append(digits, whole, std::string::npos);
}

}  // namespace

bool parse_go_float(std::string_view text, double& value, std::string* error) {
    const Outcome outcome = parse_number(text, value);
    if (outcome == Outcome::kOk || (outcome == Outcome::kSyntax && parse_special(text, value))) {
        return true;
    }
    if (error != nullptr) {
        error->clear();
        absl::StrAppend(error,
                        "strconv.ParseFloat: parsing ",
                        go_quote(text),
                        outcome == Outcome::kRange ? ": value out of range" : ": invalid syntax");
    }
    return false;
}

std::string format_go_float(double value) {
    if (std::isnan(value)) {
        return "NaN";
    }
    if (std::isinf(value)) {
        return value > 0 ? "+Inf" : "-Inf";
    }
    // -d.ddde±xx: the shortest digits, of which there are at most 17.
    std::array<char, 32> scientific{};
    const auto result = std::to_chars(scientific.data(),
                                      scientific.data() + scientific.size(),
                                      value,
                                      std::chars_format::scientific);
    return without_exponent(
        {scientific.data(), static_cast<std::size_t>(result.ptr - scientific.data())});
}

}  // namespace logi::fields
