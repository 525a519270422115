#include "agent/time_format.h"

#include "absl/strings/numbers.h"
#include "base/rfc3339.h"
#include "template/sink.h"
#include "template/time_format.h"
#include "template/time_layout.h"
#include "template/zone.h"

#include <cstdlib>
#include <map>

namespace logi::agent {
namespace {

const std::map<std::string, std::string>& named_layouts() {
    static const std::map<std::string, std::string> kLayouts = {
        {"ANSIC", "Mon Jan _2 15:04:05 2006"},
        {"UnixDate", "Mon Jan _2 15:04:05 MST 2006"},
        {"RubyDate", "Mon Jan 02 15:04:05 -0700 2006"},
        {"RFC822", "02 Jan 06 15:04 MST"},
        {"RFC822Z", "02 Jan 06 15:04 -0700"},
        {"RFC850", "Monday, 02-Jan-06 15:04:05 MST"},
        {"RFC1123", "Mon, 02 Jan 2006 15:04:05 MST"},
        {"RFC1123Z", "Mon, 02 Jan 2006 15:04:05 -0700"},
        {"RFC3339", "2006-01-02T15:04:05Z07:00"},
        {"RFC3339Nano", "2006-01-02T15:04:05.999999999Z07:00"}};
    return kLayouts;
}

bool layout_has_year(std::string_view layout) {
    while (!layout.empty()) {
        const tmpl::LayoutPart part = tmpl::next_part(layout);
        if (part.element == tmpl::Element::kLongYear || part.element == tmpl::Element::kYear) {
            return true;
        }
        if (part.element == tmpl::Element::kNone) {
            return false;
        }
        layout = part.rest;
    }
    return false;
}

constexpr std::size_t kTimeShownBytesMax = 100;

std::optional<Timestamp> whole(std::string_view text, std::int64_t unit_ns) {
    std::int64_t n = 0;
    std::int64_t ns = 0;
    if (!absl::SimpleAtoi(absl::string_view(text.data(), text.size()), &n) ||
        __builtin_mul_overflow(n, unit_ns, &ns)) {
        return std::nullopt;
    }
    return Timestamp{ns};
}

// Seconds with a fraction of at most nine digits that count.
std::optional<Timestamp> seconds(std::string_view text) {
    const std::size_t dot = text.find('.');
    auto time = whole(text.substr(0, dot), kNanosPerSecond);
    if (dot == std::string_view::npos || !time.has_value()) {
        return time;
    }
    std::string fraction(text.substr(dot + 1));
    if (fraction.empty() || fraction.find_first_not_of("0123456789") != std::string::npos) {
        return std::nullopt;
    }
    fraction.resize(9, '0');
    return *time + Duration{whole(fraction, 1)->ns};
}

std::optional<Timestamp> timestamp_of(const tmpl::TimeValue& time) {
    std::int64_t ns = 0;
    if (__builtin_mul_overflow(time.seconds, kNanosPerSecond, &ns) ||
        __builtin_add_overflow(ns, time.nanos, &ns)) {
        return std::nullopt;
    }
    return Timestamp{ns};
}

// Year and month, as the zone has them.
std::pair<std::int64_t, std::int64_t> month_of(Timestamp time, const tmpl::Zone* zone) {
    std::string text;
    tmpl::Sink sink(text, kTimeShownBytesMax);
    tmpl::format_time(sink, tmpl::TimeValue::from(time, zone), "2006 1");
    char* end = nullptr;
    const std::int64_t year = std::strtoll(text.c_str(), &end, 10);
    return {year, std::strtoll(end, nullptr, 10)};
}

}  // namespace

TimeFormat::TimeFormat(std::string format, const tmpl::Zone* zone) : zone_(zone) {
    static const std::map<std::string, Kind> kUnixKinds = {{"Unix", Kind::kUnix},
                                                           {"UnixMs", Kind::kUnixMs},
                                                           {"UnixUs", Kind::kUnixUs},
                                                           {"UnixNs", Kind::kUnixNs}};
    if (const auto kind = kUnixKinds.find(format); kind != kUnixKinds.end()) {
        kind_ = kind->second;
        return;
    }
    if (format == "RFC3339" || format == "RFC3339Nano") {
        kind_ = Kind::kRfc3339;
        return;
    }
    const auto named = named_layouts().find(format);
    layout_ = named == named_layouts().end() ? std::move(format) : named->second;
    has_year_ = layout_has_year(layout_);
}

std::optional<Timestamp> TimeFormat::parse(std::string_view text, Timestamp now) const {
    switch (kind_) {
        case Kind::kUnix:
            return seconds(text);
        case Kind::kUnixMs:
            return whole(text, kNanosPerMilli);
        case Kind::kUnixUs:
            return whole(text, 1000);
        case Kind::kUnixNs:
            return whole(text, 1);
        case Kind::kRfc3339: {
            const auto time = parse_rfc3339(text);
            return time.ok() ? std::optional<Timestamp>(*time) : std::nullopt;
        }
        case Kind::kLayout:
            break;
    }
    if (has_year_) {
        const auto time = tmpl::parse_time(layout_, text, zone_);
        return time.has_value() ? timestamp_of(*time) : std::nullopt;
    }
    const auto in_year = [&](std::int64_t year) {
        const auto time = tmpl::parse_time(
            "2006 " + layout_, std::to_string(year) + " " + std::string(text), zone_);
        return time.has_value() ? timestamp_of(*time) : std::nullopt;
    };
    const auto [this_year, this_month] = month_of(now, zone_);
    const auto time = in_year(this_year);
    if (!time.has_value()) {
        return time;
    }
    // Across New Year: December read in January is of last year.
    const std::int64_t month = month_of(*time, zone_).second;
    if (month == 12 && this_month == 1) {
        return in_year(this_year - 1);
    }
    return month == 1 && this_month == 12 ? in_year(this_year + 1) : time;
}

}  // namespace logi::agent
