#include "absl/strings/str_cat.h"
#include "base/ascii.h"
#include "fields/conversions.h"

#include <array>
#include <limits>
#include <optional>

namespace logi::fields {
namespace {

constexpr std::uint64_t kBeyond = 1ULL << 63U;  // the first that is too large

struct Unit {
    std::string_view name;
    std::uint64_t ns;
};
constexpr std::array<Unit, 8> kUnits = {{{"ns", 1},
                                         {"us", 1'000},
                                         {"\xc2\xb5s", 1'000},  // U+00B5, micro sign
                                         {"\xce\xbcs", 1'000},  // U+03BC, Greek letter mu
                                         {"ms", 1'000'000},
                                         {"s", 1'000'000'000},
                                         {"m", 60'000'000'000},
                                         {"h", 3'600'000'000'000}}};

// As Go's time package quotes: bytes outside of printable ASCII as \xHH.
std::string quoted(std::string_view s) {
    constexpr std::string_view kHexDigits = "0123456789abcdef";
    std::string out = "\"";
    for (const char c : s) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < ' ' || byte >= 0x80) {
            out.append("\\x");
            out.push_back(kHexDigits[byte >> 4U]);
            out.push_back(kHexDigits[byte & 0xFU]);
            continue;
        }
        if (c == '"' || c == '\\') {
            out.push_back('\\');
        }
        out.push_back(c);
    }
    out.push_back('"');
    return out;
}

// A number with an optional fraction.
struct Number {
    std::uint64_t whole = 0;
    std::uint64_t fraction = 0;
    double scale = 1;  // of the fraction
    bool any_digits = false;
};

// Reads whole digits; nullopt beyond 2^63.
std::optional<Number> take_number(std::string_view& s) {
    Number n;
    for (; !s.empty() && base::is_digit(s[0]); s.remove_prefix(1)) {
        if (n.whole > kBeyond / 10) {
            return std::nullopt;
        }
        n.whole = n.whole * 10 + static_cast<std::uint64_t>(s[0] - '0');
        if (n.whole > kBeyond) {
            return std::nullopt;
        }
        n.any_digits = true;
    }
    if (s.empty() || s[0] != '.') {
        return n;
    }
    s.remove_prefix(1);
    // Digits that would overflow are below a nanosecond.
    bool full = false;
    for (; !s.empty() && base::is_digit(s[0]); s.remove_prefix(1)) {
        n.any_digits = true;
        const auto digit = static_cast<std::uint64_t>(s[0] - '0');
        full = full || n.fraction > (kBeyond - 1) / 10 || n.fraction * 10 + digit > kBeyond;
        if (!full) {
            n.fraction = n.fraction * 10 + digit;
            n.scale *= 10;
        }
    }
    return n;
}

const Unit* find_unit(std::string_view name) {
    for (const auto& unit : kUnits) {
        if (unit.name == name) {
            return &unit;
        }
    }
    return nullptr;
}

class DurationReader {
  public:
    DurationReader(std::string_view text, std::string* error) : text_(text), error_(error) {}

    bool read(Duration& value) {
        std::string_view s = text_;
        const bool negative = s.starts_with('-');
        if (negative || s.starts_with('+')) {
            s.remove_prefix(1);
        }
        if (s == "0") {
            value = {0};
            return true;
        }
        if (s.empty()) {
            return invalid();
        }
        std::uint64_t total = 0;
        while (!s.empty()) {
            std::uint64_t part = 0;
            if (!take_part(s, part)) {
                return false;
            }
            total += part;
            if (total > kBeyond) {
                return invalid();
            }
        }
        if (negative) {
            value = {static_cast<std::int64_t>(-total)};
            return true;
        }
        if (total > kBeyond - 1) {
            return invalid();
        }
        value = {static_cast<std::int64_t>(total)};
        return true;
    }

  private:
    bool fail(std::string_view what, std::string_view unit, std::string_view joint) {
        if (error_ != nullptr) {
            error_->assign("time: ");
            error_->append(what);
            if (!unit.empty()) {
                error_->append(quoted(unit));
            }
            error_->append(joint);
            error_->append(quoted(text_));
        }
        return false;
    }
    bool invalid() { return fail("invalid duration ", {}, {}); }

    bool take_part(std::string_view& s, std::uint64_t& ns) {
        if (s[0] != '.' && !base::is_digit(s[0])) {
            return invalid();
        }
        const auto number = take_number(s);
        if (!number || !number->any_digits) {
            return invalid();
        }
        const std::size_t length = std::min(s.find_first_of(".0123456789"), s.size());
        if (length == 0) {
            return fail("missing unit in duration ", {}, {});
        }
        const Unit* const unit = find_unit(s.substr(0, length));
        if (unit == nullptr) {
            return fail("unknown unit ", s.substr(0, length), " in duration ");
        }
        s.remove_prefix(length);
        if (number->whole > kBeyond / unit->ns) {
            return invalid();
        }
        ns = number->whole * unit->ns;
        if (number->fraction > 0) {
            ns += static_cast<std::uint64_t>(static_cast<double>(number->fraction) *
                                             (static_cast<double>(unit->ns) / number->scale));
            if (ns > kBeyond) {
                return invalid();
            }
        }
        return true;
    }

    std::string_view text_;
    std::string* error_;
};

// `value` divided by ten to the power of `digits`, without zeros at the end.
std::string decimal(std::uint64_t value, int digits) {
    std::uint64_t divisor = 1;
    for (int i = 0; i < digits; ++i) {
        divisor *= 10;
    }
    std::string out = absl::StrCat(value / divisor);
    std::string fraction = absl::StrCat(divisor + value % divisor).substr(1);
    fraction.erase(fraction.find_last_not_of('0') + 1);
    return fraction.empty() ? out : out + "." + fraction;
}

}  // namespace

bool parse_go_duration(std::string_view text, Duration& value, std::string* error) {
    return DurationReader(text, error).read(value);
}

std::string format_go_duration(Duration value) {
    const bool negative = value.ns < 0;
    const auto ns =
        negative ? -static_cast<std::uint64_t>(value.ns) : static_cast<std::uint64_t>(value.ns);
    const std::string sign = negative ? "-" : "";
    if (ns == 0) {
        return "0s";
    }
    if (ns < 1'000) {
        return absl::StrCat(sign, ns, "ns");
    }
    if (ns < 1'000'000) {
        return absl::StrCat(sign, decimal(ns, 3), "\xc2\xb5s");
    }
    if (ns < 1'000'000'000) {
        return absl::StrCat(sign, decimal(ns, 6), "ms");
    }
    constexpr std::uint64_t kMinuteNs = 60'000'000'000;
    const std::uint64_t minutes = ns / kMinuteNs;
    std::string out = sign;
    if (minutes >= 60) {
        absl::StrAppend(&out, minutes / 60, "h");
    }
    if (minutes > 0) {
        absl::StrAppend(&out, minutes % 60, "m");
    }
    absl::StrAppend(&out, decimal(ns % kMinuteNs, 9), "s");
    return out;
}

double seconds_of(Duration value) {
    return static_cast<double>(value.ns / kNanosPerSecond) +
           static_cast<double>(value.ns % kNanosPerSecond) / 1e9;
}

}  // namespace logi::fields
