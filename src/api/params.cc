#include "api/params.h"

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/rfc3339.h"
#include "logql/parser.h"

#include <charconv>
#include <cmath>
#include <ctime>

namespace logi::api {
namespace {

constexpr std::size_t kSecondsDigitsMax = 10;
constexpr std::int64_t kPointsMax = 11'000;
constexpr std::int64_t kDefaultPoints = 250;
// What nanoseconds in 64 bits hold.
constexpr double kSecondsMax = 9.2e9;

bool parse_int(const std::string& text, std::int64_t& value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

}  // namespace

Params::Params(const net::HttpRequest& request) {
    if (request.header("Content-Type").starts_with("application/x-www-form-urlencoded")) {
        values_ = net::parse_form(request.body);
    }
    auto query = net::parse_form(request.query);
    values_.insert(values_.end(), query.begin(), query.end());
}

std::string Params::get(const std::string& name) const {
    for (const auto& [key, value] : values_) {
        if (key == name) {
            return value;
        }
    }
    return {};
}

std::vector<std::string> Params::all(const std::string& name) const {
    std::vector<std::string> found;
    for (const auto& [key, value] : values_) {
        if (key == name) {
            found.push_back(value);
        }
    }
    return found;
}

StatusOr<std::optional<Timestamp>> Params::time(const std::string& name) const {
    const std::string text = get(name);
    if (text.empty()) {
        return std::optional<Timestamp>();
    }
    double seconds = 0;
    if (text.find('.') != std::string::npos && absl::SimpleAtod(text, &seconds)) {
        const double bounded = std::clamp(seconds, -kSecondsMax, kSecondsMax);
        return std::optional(
            Timestamp{static_cast<std::int64_t>(std::llround(bounded * 1000)) * kNanosPerMilli});
    }
    std::int64_t value = 0;
    if (parse_int(text, value)) {
        return std::optional(text.size() <= kSecondsDigitsMax ? at_second(value)
                                                              : Timestamp{value});
    }
    if (const auto parsed = parse_rfc3339(text); parsed.ok()) {
        return std::optional(*parsed);
    }
    return absl::InvalidArgumentError(absl::StrCat("could not parse '",
                                                   name,
                                                   "' parameter: strconv.ParseInt: parsing \"",
                                                   text,
                                                   "\": invalid syntax"));
}

StatusOr<TimeRange> Params::range(Timestamp now) const {
    LOGI_ASSIGN_OR_RETURN(const auto end, time("end"));
    LOGI_ASSIGN_OR_RETURN(const auto start, time("start"));
    Duration since = Duration::hours(1);
    if (const std::string text = get("since"); !text.empty()) {
        const auto parsed = logql::parse_prometheus_duration(text);
        if (!parsed.ok()) {
            return absl::InvalidArgumentError(
                absl::StrCat("could not parse 'since' parameter: ", parsed.status().message()));
        }
        since = *parsed;
    }
    TimeRange range;
    range.end = end.value_or(now);
    range.start = start.value_or(std::min(range.end, now) - since);
    return range;
}

StatusOr<std::optional<Duration>> Params::step(const std::string& name) const {
    const std::string text = get(name);
    if (text.empty()) {
        return std::optional<Duration>();
    }
    double seconds = 0;
    if (absl::SimpleAtod(text, &seconds)) {
        if (!(std::fabs(seconds) <= kSecondsMax)) {
            return absl::InvalidArgumentError(absl::StrCat(
                "cannot parse \"", text, "\" to a valid duration. It overflows int64"));
        }
        return std::optional(Duration::millis(static_cast<std::int64_t>(seconds * 1000)));
    }
    const auto parsed = logql::parse_prometheus_duration(text);
    if (!parsed.ok()) {
        return absl::InvalidArgumentError(
            absl::StrCat("cannot parse \"", text, "\" to a valid duration"));
    }
    return std::optional(*parsed);
}

StatusOr<Duration> Params::step_of(TimeRange range) const {
    const Duration length = range.end - range.start;
    LOGI_ASSIGN_OR_RETURN(const auto asked, step("step"));
    const std::int64_t default_seconds = length.ns / kNanosPerSecond / kDefaultPoints;
    const Duration step =
        asked.value_or(Duration::seconds(std::max<std::int64_t>(default_seconds, 1)));
    if (step.ns <= 0) {
        return absl::InvalidArgumentError(
            "zero or negative query resolution step widths are not accepted. Try a positive "
            "integer");
    }
    if (length.ns / step.ns > kPointsMax) {
        return absl::InvalidArgumentError(
            "exceeded maximum resolution of 11,000 points per time series. "
            "Try increasing the value of the step parameter");
    }
    return step;
}

StatusOr<std::uint32_t> Params::limit(std::uint32_t default_limit, const std::string& name) const {
    if (get(name).empty()) {
        return default_limit;
    }
    LOGI_ASSIGN_OR_RETURN(const std::int64_t value, number(name));
    if (value <= 0) {
        return absl::InvalidArgumentError("limit must be a positive value");
    }
    return static_cast<std::uint32_t>(std::min<std::int64_t>(value, UINT32_MAX));
}

StatusOr<std::int64_t> Params::number(const std::string& name) const {
    const std::string text = get(name);
    std::int64_t value = 0;
    if (!text.empty() && !parse_int(text, value)) {
        return absl::InvalidArgumentError(
            absl::StrCat("strconv.Atoi: parsing \"", text, "\": invalid syntax"));
    }
    return value;
}

std::vector<std::string> Params::list(const std::string& name) const {
    return absl::StrSplit(get(name), ',', absl::SkipEmpty());
}

StatusOr<bool> Params::forward() const {
    const std::string text = get("direction");
    const std::string lower = absl::AsciiStrToLower(text);
    if (lower.empty() || lower == "backward") {
        return false;
    }
    if (lower == "forward") {
        return true;
    }
    return absl::InvalidArgumentError(absl::StrCat("invalid direction '", text, "'"));
}

Timestamp at_second(std::int64_t seconds) {
    std::int64_t ns = 0;
    if (__builtin_mul_overflow(seconds, kNanosPerSecond, &ns)) {
        return seconds > 0 ? Timestamp::max() : Timestamp::min();
    }
    return {ns};
}

std::string go_duration(Duration d) {
    const std::int64_t s = d.ns / kNanosPerSecond;
    std::string text;
    if (s >= 3600) {
        absl::StrAppend(&text, s / 3600, "h");
    }
    if (s >= 60) {
        absl::StrAppend(&text, s / 60 % 60, "m");
    }
    return absl::StrCat(text, s % 60, "s");
}

}  // namespace logi::api
