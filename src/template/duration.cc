#include "template/duration.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

#include <array>
#include <limits>
#include <optional>
#include <utility>

namespace logi::tmpl {
namespace {

constexpr std::uint64_t kMicro = 1000;
constexpr std::uint64_t kMilli = 1000 * kMicro;
constexpr std::uint64_t kSecond = 1000 * kMilli;
constexpr std::uint64_t kMinute = 60 * kSecond;
constexpr std::uint64_t kHour = 60 * kMinute;
constexpr std::uint64_t kLimit = std::uint64_t{1} << 63U;

std::uint64_t unit_nanos(std::string_view unit) {
    constexpr std::array<std::pair<std::string_view, std::uint64_t>, 8> kUnits{{
        {"ns", 1},
        {"us", kMicro},
        {"\xC2\xB5s", kMicro},  // micro sign
        {"\xCE\xBCs", kMicro},  // Greek mu
        {"ms", kMilli},
        {"s", kSecond},
        {"m", kMinute},
        {"h", kHour},
    }};
    for (const auto& [name, nanos] : kUnits) {
        if (name == unit) {
            return nanos;
        }
    }
    return 0;
}

// Quoted as package time does: bytes outside printable ASCII as \xHH.
std::string time_quote(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte >= 0x80) {
            absl::StrAppendFormat(&out, "\\x%02x", byte);
        } else {
            if (c == '"' || c == '\\') {
                out.push_back('\\');
            }
            out.push_back(c);
        }
    }
    return out + "\"";
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// Digits at the start of `s`, which moves behind them; none if they pass 2^63.
std::optional<std::uint64_t> read_digits(std::string_view& s) {
    std::uint64_t v = 0;
    while (!s.empty() && is_digit(s[0])) {
        if (v > kLimit / 10) {
            return std::nullopt;
        }
        v = v * 10 + static_cast<std::uint64_t>(s[0] - '0');
        if (v > kLimit) {
            return std::nullopt;
        }
        s.remove_prefix(1);
    }
    return v;
}

struct Fraction {
    std::uint64_t value = 0;
    double scale = 1;
};

// Digits behind the point; those that no longer fit count for nothing.
Fraction read_fraction(std::string_view& s) {
    Fraction f;
    bool full = false;
    for (; !s.empty() && is_digit(s[0]); s.remove_prefix(1)) {
        const auto digit = static_cast<std::uint64_t>(s[0] - '0');
        full |= f.value > (kLimit - 1) / 10 || f.value * 10 + digit > kLimit;
        if (!full) {
            f.value = f.value * 10 + digit;
            f.scale *= 10;
        }
    }
    return f;
}

enum class Problem { kNone, kInvalid, kMissingUnit, kUnknownUnit };

// One number with its unit, added to `total`; `unit` gets the unit's text.
Problem read_part(std::string_view& s, std::uint64_t& total, std::string_view& unit) {
    if (s[0] != '.' && !is_digit(s[0])) {
        return Problem::kInvalid;
    }
    const bool before_point = is_digit(s[0]);
    const auto whole = read_digits(s);
    if (!whole) {
        return Problem::kInvalid;
    }
    Fraction fraction;
    bool after_point = false;
    if (s.starts_with('.')) {
        s.remove_prefix(1);
        after_point = !s.empty() && is_digit(s[0]);
        fraction = read_fraction(s);
    }
    if (!before_point && !after_point) {
        return Problem::kInvalid;
    }
    unit = s.substr(0, s.find_first_of(".0123456789"));
    s.remove_prefix(unit.size());
    if (unit.empty()) {
        return Problem::kMissingUnit;
    }
    const std::uint64_t nanos = unit_nanos(unit);
    if (nanos == 0) {
        return Problem::kUnknownUnit;
    }
    if (*whole > kLimit / nanos) {
        return Problem::kInvalid;
    }
    std::uint64_t part = *whole * nanos;
    if (fraction.value > 0) {
        part += static_cast<std::uint64_t>(static_cast<double>(fraction.value) *
                                           (static_cast<double>(nanos) / fraction.scale));
    }
    total += part;
    return part > kLimit || total > kLimit ? Problem::kInvalid : Problem::kNone;
}

Status failure(Problem problem, std::string_view unit, std::string_view text) {
    const std::string quoted = time_quote(text);
    switch (problem) {
        case Problem::kMissingUnit:
            return absl::InvalidArgumentError(
                absl::StrCat("time: missing unit in duration ", quoted));
        case Problem::kUnknownUnit:
            return absl::InvalidArgumentError(
                absl::StrCat("time: unknown unit ", time_quote(unit), " in duration ", quoted));
        default:
            return absl::InvalidArgumentError(absl::StrCat("time: invalid duration ", quoted));
    }
}

// v / 10^digits, without zeros at the end.
std::string decimal(std::uint64_t v, int digits) {
    std::uint64_t unit = 1;
    for (int i = 0; i < digits; ++i) {
        unit *= 10;
    }
    std::string out = absl::StrCat(v / unit);
    if (v % unit != 0) {
        out += absl::StrFormat(".%0*d", digits, v % unit);
        out.erase(out.find_last_not_of('0') + 1);
    }
    return out;
}

}  // namespace

StatusOr<std::int64_t> parse_duration(std::string_view text) {
    std::string_view s = text;
    const bool negative = s.starts_with('-');
    if (negative || s.starts_with('+')) {
        s.remove_prefix(1);
    }
    if (s == "0") {
        return 0;
    }
    if (s.empty()) {
        return failure(Problem::kInvalid, "", text);
    }
    std::uint64_t total = 0;
    while (!s.empty()) {
        std::string_view unit;
        if (const Problem problem = read_part(s, total, unit); problem != Problem::kNone) {
            return failure(problem, unit, text);
        }
    }
    if (!negative && total == kLimit) {
        return failure(Problem::kInvalid, "", text);
    }
    return static_cast<std::int64_t>(negative ? 0 - total : total);
}

std::string duration_to_string(std::int64_t nanos) {
    if (nanos == 0) {
        return "0s";
    }
    const std::string_view sign = nanos < 0 ? "-" : "";
    const auto u =
        nanos < 0 ? 0 - static_cast<std::uint64_t>(nanos) : static_cast<std::uint64_t>(nanos);
    if (u < kMicro) {
        return absl::StrCat(std::string(sign), u, "ns");
    }
    if (u < kMilli) {
        return absl::StrCat(std::string(sign), decimal(u, 3), "\xC2\xB5s");
    }
    if (u < kSecond) {
        return absl::StrCat(std::string(sign), decimal(u, 6), "ms");
    }
    std::string out(sign);
    if (u >= kHour) {
        absl::StrAppend(&out, u / kHour, "h");
    }
    if (u >= kMinute) {
        absl::StrAppend(&out, u / kMinute % 60, "m");
    }
    return out + decimal(u % kMinute, 9) + "s";
}

double duration_seconds(std::int64_t nanos) {
    constexpr auto kPerSecond = static_cast<std::int64_t>(kSecond);
    return static_cast<double>(nanos / kPerSecond) +
           static_cast<double>(nanos % kPerSecond) / static_cast<double>(kPerSecond);
}

}  // namespace logi::tmpl
