#include "logql/units.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/ascii.h"
#include "logql/number.h"
#include "logql/parser.h"
#include "model/labels.h"

#include <charconv>
#include <cmath>

namespace logi::logql {
namespace {

struct Unit {
    std::string_view name;
    std::int64_t ns;
};
constexpr std::int64_t kHour = 3600 * kNanosPerSecond;
// In the order in which they may follow each other.
constexpr std::array<Unit, 7> kPrometheusUnits = {{{"y", 365 * 24 * kHour},
                                                   {"w", 7 * 24 * kHour},
                                                   {"d", 24 * kHour},
                                                   {"h", kHour},
                                                   {"m", 60 * kNanosPerSecond},
                                                   {"s", kNanosPerSecond},
                                                   {"ms", kNanosPerMilli}}};
constexpr std::array<Unit, 8> kGoUnits = {{{"ns", 1},
                                           {"us", 1000},
                                           {"\u00b5s", 1000},
                                           {"\u03bcs", 1000},
                                           {"ms", kNanosPerMilli},
                                           {"s", kNanosPerSecond},
                                           {"m", 60 * kNanosPerSecond},
                                           {"h", kHour}}};

template <std::size_t N>
std::size_t unit_index(const std::array<Unit, N>& units, std::string_view name) {
    const auto unit =
        std::find_if(units.begin(), units.end(), [&](const Unit& u) { return u.name == name; });
    return static_cast<std::size_t>(unit - units.begin());
}

// Takes the leading characters for which base::is_digit (or its contrary) holds.
std::string_view take_while(std::string_view& text, bool digits) {
    std::size_t length = 0;
    while (length < text.size() && base::is_digit(text[length]) == digits) {
        ++length;
    }
    const std::string_view taken = text.substr(0, length);
    text.remove_prefix(length);
    return taken;
}

// The digits behind a point, in parts of a unit; more than 18 of them change nothing.
std::uint64_t fraction_ns(std::string_view digits, std::int64_t unit_ns) {
    std::int64_t value = 0;
    double scale = 1;
    for (const char c : digits.substr(0, 18)) {
        value = value * 10 + (c - '0');
        scale *= 10;
    }
    return static_cast<std::uint64_t>(static_cast<double>(value) *
                                      (static_cast<double>(unit_ns) / scale));
}

constexpr std::uint64_t kNanosMax = std::numeric_limits<std::int64_t>::max();

// total += digits × unit. False if that is no number, or past kNanosMax + 1 (the lowest negative).
bool add_units(std::uint64_t& total, std::string_view digits, std::int64_t unit_ns) {
    std::uint64_t n = 0;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), n);
    return read.ec == std::errc() &&
           !__builtin_mul_overflow(n, static_cast<std::uint64_t>(unit_ns), &n) &&
           !__builtin_add_overflow(total, n, &total) && total <= kNanosMax + 1;
}

// Takes "1.5h" from the front of `text`.
bool take_go_part(std::string_view& text, std::uint64_t& total) {
    const std::string_view whole = take_while(text, true);
    std::string_view fraction;
    if (text.starts_with('.')) {
        text.remove_prefix(1);
        fraction = take_while(text, true);
    }
    const std::size_t end = std::min(text.find_first_of(".0123456789"), text.size());
    const std::size_t unit = unit_index(kGoUnits, text.substr(0, end));
    if ((whole.empty() && fraction.empty()) || unit == kGoUnits.size()) {
        return false;
    }
    text.remove_prefix(end);
    const std::int64_t unit_ns = kGoUnits[unit].ns;
    if (!whole.empty() && !add_units(total, whole, unit_ns)) {
        return false;
    }
    total += fraction_ns(fraction, unit_ns);
    return total <= kNanosMax + 1;
}

std::optional<Duration> parse_go_duration(std::string_view text) {
    const bool negative = text.starts_with('-');
    if (negative) {
        text.remove_prefix(1);
    }
    if (text == "0") {
        return Duration{};
    }
    std::uint64_t total = 0;
    do {
        if (!take_go_part(text, total)) {
            return std::nullopt;
        }
    } while (!text.empty());
    if (negative) {
        return Duration{static_cast<std::int64_t>(-total)};
    }
    return total > kNanosMax ? std::nullopt
                             : std::optional(Duration{static_cast<std::int64_t>(total)});
}

// `value` of `unit`, with the decimals of the remainder, without trailing zeros.
std::string with_fraction(std::uint64_t value, std::uint64_t unit, std::string_view name) {
    std::string out = absl::StrCat(value / unit);
    if (const std::uint64_t rest = value % unit; rest != 0) {
        std::string digits = absl::StrCat(unit + rest).substr(1);
        digits.erase(digits.find_last_not_of('0') + 1);
        absl::StrAppend(&out, ".", digits);
    }
    out += name;
    return out;
}

struct ByteUnit {
    std::string_view name;
    double bytes;
};
constexpr std::array<ByteUnit, 22> kByteUnits = {
    {{"", 1},         {"b", 1},       {"k", 1e3},      {"kb", 1e3},     {"m", 1e6},
     {"mb", 1e6},     {"g", 1e9},     {"gb", 1e9},     {"t", 1e12},     {"tb", 1e12},
     {"p", 1e15},     {"pb", 1e15},   {"ki", 0x1p10},  {"kib", 0x1p10}, {"mi", 0x1p20},
     {"mib", 0x1p20}, {"gi", 0x1p30}, {"gib", 0x1p30}, {"ti", 0x1p40},  {"tib", 0x1p40},
     {"pi", 0x1p50},  {"pib", 0x1p50}}};

std::optional<std::uint64_t> exact_byte_size(std::string_view text) {
    const std::size_t end = std::min(text.find_first_not_of("0123456789."), text.size());
    const ParsedNumber number = parse_number(text.substr(0, end));
    std::string name(text.substr(end));
    absl::AsciiStrToLower(&name);
    const auto* const unit = std::find_if(
        kByteUnits.begin(), kByteUnits.end(), [&](const ByteUnit& u) { return u.name == name; });
    if (!number.problem.empty() || unit == kByteUnits.end()) {
        return std::nullopt;
    }
    const double bytes = number.value * unit->bytes;
    return bytes >= 0x1p64 ? std::nullopt : std::optional(static_cast<std::uint64_t>(bytes));
}

}  // namespace

StatusOr<Duration> parse_prometheus_duration(std::string_view text) {
    const auto invalid = [text] {
        return absl::InvalidArgumentError(
            absl::StrCat("not a valid duration string: ", go_quote(text)));
    };
    if (text.empty()) {
        return absl::InvalidArgumentError("empty duration string");
    }
    if (text == "0") {
        return Duration{};
    }
    std::uint64_t total = 0;
    std::size_t next_unit = 0;
    for (std::string_view rest = text; !rest.empty();) {
        const std::string_view digits = take_while(rest, true);
        const std::string_view name = take_while(rest, false);
        if (digits.empty() || name.empty()) {
            return invalid();
        }
        const std::size_t unit = unit_index(kPrometheusUnits, name);
        if (unit == kPrometheusUnits.size()) {
            return absl::InvalidArgumentError(
                absl::StrCat("unknown unit ", go_quote(name), " in duration ", go_quote(text)));
        }
        if (unit < next_unit) {
            return invalid();
        }
        next_unit = unit + 1;
        if (!add_units(total, digits, kPrometheusUnits.at(unit).ns) || total > kNanosMax) {
            return absl::InvalidArgumentError("duration out of range");
        }
    }
    return Duration{static_cast<std::int64_t>(total)};
}

std::optional<Duration> parse_duration(std::string_view text) {
    const auto parsed = parse_prometheus_duration(text);
    return parsed.ok() ? std::optional(*parsed) : parse_go_duration(text);
}

std::string format_go_duration(Duration duration) {
    if (duration.ns == 0) {
        return "0s";
    }
    const std::string sign = duration.ns < 0 ? "-" : "";
    const std::uint64_t ns = duration.ns < 0 ? -static_cast<std::uint64_t>(duration.ns)
                                             : static_cast<std::uint64_t>(duration.ns);
    constexpr std::uint64_t kSecond = kNanosPerSecond;
    if (ns < 1000) {
        return absl::StrCat(sign, ns, "ns");
    }
    if (ns < kSecond) {
        const bool micros = ns < kNanosPerMilli;
        return sign + with_fraction(ns, micros ? 1000 : kNanosPerMilli, micros ? "\u00b5s" : "ms");
    }
    std::string out = sign;
    const std::uint64_t minutes = ns / kSecond / 60;
    if (minutes >= 60) {
        absl::StrAppend(&out, minutes / 60, "h");
    }
    if (minutes > 0) {
        absl::StrAppend(&out, minutes % 60, "m");
    }
    return out + with_fraction(ns % (60 * kSecond), kSecond, "s");
}

std::string format_prometheus_duration(Duration duration) {
    std::int64_t ms = duration.ns / kNanosPerMilli;
    if (ms == 0) {
        return "0s";
    }
    std::string out = ms < 0 ? "-" : "";
    ms = std::abs(ms);
    for (const Unit& unit : kPrometheusUnits) {
        const std::int64_t unit_ms = unit.ns / kNanosPerMilli;
        // Years and weeks are written only alone: 90d is easier to read than 12w6d.
        const bool only_alone = unit.name == "y" || unit.name == "w";
        if (ms < unit_ms || (only_alone && ms % unit_ms != 0)) {
            continue;
        }
        absl::StrAppend(&out, ms / unit_ms, std::string(unit.name));
        ms %= unit_ms;
    }
    return out;
}

std::optional<std::uint64_t> parse_byte_size(std::string_view text) {
    const auto exact = exact_byte_size(text);
    return exact ? exact_byte_size(format_byte_size(*exact)) : std::nullopt;
}

std::string format_byte_size(std::uint64_t bytes) {
    if (bytes == 0) {
        return "0kB";  // 0B would be a binary number without digits
    }
    if (bytes < 10) {
        return absl::StrCat(bytes, "B");
    }
    constexpr std::array<const char*, 6> kNames = {"B", "kB", "MB", "GB", "TB", "PB"};
    const auto size = static_cast<double>(bytes);
    const auto power = std::min<std::size_t>(
        static_cast<std::size_t>(std::log(size) / std::log(1000.0)), kNames.size() - 1);
    const double value =
        std::floor(size / std::pow(1000.0, static_cast<double>(power)) * 10 + 0.5) / 10;
    std::array<char, 64> text{};
    (void)std::snprintf(
        text.data(), text.size(), value < 10 ? "%.1f%s" : "%.0f%s", value, kNames.at(power));
    return text.data();
}

}  // namespace logi::logql
