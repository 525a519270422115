// Durations, sizes and times of configurations.
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/rfc3339.h"
#include "config/config.h"

#include <map>

namespace logi::config {
namespace {

// Below the greatest int64, in a double.
constexpr double kNumberMax = 9e18;

}  // namespace

StatusOr<Duration> parse_duration(std::string_view text) {
    static const std::map<std::string, double> kUnits = {{"ns", 1},
                                                         {"us", 1e3},
                                                         {"ms", 1e6},
                                                         {"s", 1e9},
                                                         {"m", 60e9},
                                                         {"h", 3600e9},
                                                         {"d", 24 * 3600e9},
                                                         {"w", 7 * 24 * 3600e9},
                                                         {"y", 365 * 24 * 3600e9}};
    const std::string whole(text);
    if (whole == "0") {
        return Duration{0};
    }
    double total_ns = 0;
    std::size_t i = 0;
    while (i < whole.size()) {
        const std::size_t number_end =
            std::min(whole.find_first_not_of("0123456789.", i), whole.size());
        const std::size_t unit_end =
            std::min(whole.find_first_of("0123456789.", number_end), whole.size());
        double n = 0;
        const auto unit = kUnits.find(whole.substr(number_end, unit_end - number_end));
        if (unit == kUnits.end() || !absl::SimpleAtod(whole.substr(i, number_end - i), &n)) {
            return absl::InvalidArgumentError(absl::StrCat("not a valid duration: '", whole, "'"));
        }
        total_ns += n * unit->second;
        i = unit_end;
    }
    if (whole.empty() || total_ns > kNumberMax) {
        return absl::InvalidArgumentError(absl::StrCat("not a valid duration: '", whole, "'"));
    }
    return Duration{static_cast<std::int64_t>(total_ns)};
}

StatusOr<std::int64_t> parse_size(std::string_view text) {
    const std::string whole(text);
    const std::size_t end = std::min(whole.find_first_not_of("0123456789."), whole.size());
    std::string unit = absl::AsciiStrToUpper(whole.substr(end));
    static const std::map<std::string, double> kUnits = {{"", 1},
                                                         {"B", 1},
                                                         {"K", 1024},
                                                         {"KB", 1024},
                                                         {"KIB", 1024},
                                                         {"M", 1048576},
                                                         {"MB", 1048576},
                                                         {"MIB", 1048576},
                                                         {"G", 1073741824},
                                                         {"GB", 1073741824},
                                                         {"GIB", 1073741824}};
    double n = 0;
    const auto factor = kUnits.find(unit);
    if (factor == kUnits.end() || !absl::SimpleAtod(whole.substr(0, end), &n) ||
        n * factor->second > kNumberMax) {
        return absl::InvalidArgumentError(absl::StrCat("not a valid size: '", whole, "'"));
    }
    return static_cast<std::int64_t>(n * factor->second);
}

std::string format_duration(Duration d) {
    struct Unit {
        std::int64_t ms;
        const char* name;
    };
    constexpr std::int64_t kDayMs = 24LL * 3600 * 1000;
    constexpr std::array<Unit, 7> kUnits = {{{365 * kDayMs, "y"},
                                             {7 * kDayMs, "w"},
                                             {kDayMs, "d"},
                                             {3600 * 1000, "h"},
                                             {60 * 1000, "m"},
                                             {1000, "s"},
                                             {1, "ms"}}};
    std::int64_t ms = d.ns / kNanosPerMilli;
    std::string text;
    for (const Unit& unit : kUnits) {
        // Years and weeks only where nothing else is needed, as Prometheus has it.
        const bool whole_only = unit.ms >= 7 * kDayMs;
        if (ms >= unit.ms && (!whole_only || ms % unit.ms == 0)) {
            absl::StrAppend(&text, ms / unit.ms, unit.name);
            ms %= unit.ms;
        }
    }
    return text.empty() ? "0s" : text;
}

StatusOr<Timestamp> parse_time(std::string_view text) {
    if (text == "0") {
        return Timestamp{};
    }
    constexpr std::size_t kDateSize = 10;
    const std::string whole(text);
    auto time = parse_rfc3339(text.size() == kDateSize ? whole + "T00:00:00Z" : whole);
    if (!time.ok()) {
        return absl::InvalidArgumentError(
            absl::StrCat("not a time such as 2006-01-02T15:04:05Z: '", whole, "'"));
    }
    return time;
}

}  // namespace logi::config
