#include "template/byte_size.h"

#include "absl/strings/str_cat.h"
#include "template/number.h"
#include "template/utf8.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>

namespace logi::tmpl {
namespace {

// b, k, kb, ki, kib and so on up to e; nothing is bytes.
std::optional<double> unit_bytes(std::string_view unit) {
    if (unit.empty() || unit == "b") {
        return 1;
    }
    constexpr std::string_view kPrefixes = "kmgtpe";
    const std::size_t power = kPrefixes.find(unit[0]);
    const std::string_view rest = unit.substr(1);
    if (power == std::string_view::npos) {
        return std::nullopt;
    }
    if (rest.empty() || rest == "b") {
        return std::pow(1000.0, static_cast<double>(power + 1));
    }
    if (rest == "i" || rest == "ib") {
        return std::pow(1024.0, static_cast<double>(power + 1));
    }
    return std::nullopt;
}

std::string lower(std::string_view s) {
    std::string out;
    for (std::size_t i = 0; i < s.size();) {
        const Rune r = decode_rune(s.substr(i));
        out += encode_rune(to_lower(r.value));
        i += r.length;
    }
    return out;
}

}  // namespace

StatusOr<double> parse_byte_size(std::string_view text) {
    const std::size_t end = std::min(text.find_first_not_of("0123456789.,"), text.size());
    std::string number(text.substr(0, end));
    number.erase(std::remove(number.begin(), number.end(), ','), number.end());
    const auto parsed = parse_float(number);
    if (!parsed.ok()) {
        return absl::InvalidArgumentError(number_error("ParseFloat", number, parsed.error));
    }
    const std::string unit = lower(trim_right(trim_left(text.substr(end), is_space), is_space));
    const auto factor = unit_bytes(unit);
    if (!factor) {
        return absl::InvalidArgumentError(absl::StrCat("unhandled size name: ", unit));
    }
    const double bytes = parsed.value * *factor;
    constexpr double kLimit = 18446744073709551616.0;
    if (bytes >= kLimit) {
        return absl::InvalidArgumentError(absl::StrCat("too large: ", std::string(text)));
    }
    return static_cast<double>(static_cast<std::uint64_t>(bytes));
}

}  // namespace logi::tmpl
