#include "logql/number.h"

#include "absl/strings/charconv.h"
#include "absl/strings/str_cat.h"

#include <charconv>
#include <cmath>

namespace logi::logql {
namespace {

constexpr std::string_view kInvalidSyntax = "invalid syntax";

// value = 0.DIGITS × 10^point
struct Decimal {
    bool negative = false;
    std::string digits;
    int point = 0;
};

Decimal shortest(double value) {
    std::array<char, 64> buffer{};
    const auto end = std::to_chars(buffer.data(),
                                   buffer.data() + buffer.size(),
                                   std::fabs(value),
                                   std::chars_format::scientific);
    const std::string_view text(buffer.data(), static_cast<std::size_t>(end.ptr - buffer.data()));
    const std::size_t exponent_at = text.find('e');
    Decimal decimal;
    decimal.negative = std::signbit(value);
    decimal.digits = text[0];
    if (exponent_at > 2) {
        decimal.digits += text.substr(2, exponent_at - 2);
    }
    const bool plus = text[exponent_at + 1] == '+';
    const std::string_view exponent = text.substr(exponent_at + (plus ? 2 : 1));
    std::from_chars(exponent.data(), exponent.data() + exponent.size(), decimal.point);
    ++decimal.point;
    return decimal;
}

std::string positional(const Decimal& decimal) {
    const int count = static_cast<int>(decimal.digits.size());
    std::string out = decimal.negative ? "-" : "";
    if (decimal.point <= 0) {
        out += "0.";
        out.append(static_cast<std::size_t>(-decimal.point), '0');
        return out + decimal.digits;
    }
    if (decimal.point >= count) {
        out += decimal.digits;
        out.append(static_cast<std::size_t>(decimal.point - count), '0');
        return out;
    }
    const auto whole = static_cast<std::size_t>(decimal.point);
    return out + decimal.digits.substr(0, whole) + "." + decimal.digits.substr(whole);
}

// Text of what has no digits, and of negative zero, which as -0 would be a duration.
std::string_view special_text(double value) {
    if (std::isnan(value)) {
        return "NaN";
    }
    if (std::isinf(value)) {
        return value > 0 ? "+Inf" : "-Inf";
    }
    if (value == 0) {
        return std::signbit(value) ? "-0.0" : "0";
    }
    return {};
}

}  // namespace

ParsedNumber parse_number(std::string_view text) {
    std::string digits;
    for (const char c : text) {
        if (c != '_') {
            digits.push_back(c);
        }
    }
    auto format = absl::chars_format::general;
    const char* begin = digits.data();
    if (digits.size() > 2 && digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X')) {
        if (digits.find_first_of("pP") == std::string::npos) {
            return {0, kInvalidSyntax};
        }
        begin += 2;
        format = absl::chars_format::hex;
    }
    const char* end = digits.data() + digits.size();
    ParsedNumber number;
    const auto result = absl::from_chars(begin, end, number.value, format);
    if (result.ptr != end || result.ec == std::errc::invalid_argument) {
        return {0, kInvalidSyntax};
    }
    if (result.ec == std::errc::result_out_of_range && number.value > 1) {
        return {HUGE_VAL, "value out of range"};
    }
    return number;
}

std::string format_fixed(double value) {
    const std::string_view special = special_text(value);
    return special.empty() ? positional(shortest(value)) : std::string(special);
}

std::string format_general(double value) {
    if (const std::string_view special = special_text(value); !special.empty()) {
        return std::string(special);
    }
    const Decimal decimal = shortest(value);
    const int exponent = decimal.point - 1;
    if (exponent >= -4 && exponent < 6) {
        return positional(decimal);
    }
    std::string out = decimal.negative ? "-" : "";
    out += decimal.digits[0];
    if (decimal.digits.size() > 1) {
        out += "." + decimal.digits.substr(1);
    }
    const int size = std::abs(exponent);
    return absl::StrCat(out, exponent < 0 ? "e-" : "e+", size < 10 ? "0" : "", size);
}

}  // namespace logi::logql
