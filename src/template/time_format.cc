#include "template/time_format.h"

#include "absl/strings/str_cat.h"
#include "template/civil.h"
#include "template/time_layout.h"
#include "template/zone.h"

#include <algorithm>

namespace logi::tmpl {
namespace {

void append_padded(Sink& out, std::int64_t v, std::size_t width, char fill = '0') {
    const std::string digits = absl::StrCat(v < 0 ? -v : v);
    if (v < 0) {
        out.push_back('-');
    }
    out.append(digits.size() < width ? width - digits.size() : 0, fill);
    out.append(digits);
}

void append_offset(Sink& out, std::int32_t seconds, const OffsetStyle& style) {
    if (style.z_for_utc && seconds == 0) {
        return out.push_back('Z');
    }
    out.push_back(seconds < 0 ? '-' : '+');
    const int magnitude = std::abs(seconds);
    append_padded(out, magnitude / 3600, 2);
    if (style.fields >= 2) {
        out.append(style.colons ? ":" : "");
        append_padded(out, magnitude / 60 % 60, 2);
    }
    if (style.fields >= 3) {
        out.append(style.colons ? ":" : "");
        append_padded(out, magnitude % 60, 2);
    }
}

// An offset without a name shows as +0200.
void append_zone_name(Sink& out, const Zone::Offset& offset) {
    if (offset.abbreviation.empty()) {
        append_offset(out, offset.seconds, {});
    } else {
        out.append(offset.abbreviation);
    }
}

void append_fraction(Sink& out, std::int32_t nanos, const LayoutPart& part) {
    std::string digits = absl::StrCat(nanos);
    digits.insert(0, 9 - digits.size(), '0');
    digits.resize(static_cast<std::size_t>(std::min(part.digits, 9)));
    if (part.element == Element::kFractionNines) {
        digits.erase(digits.find_last_not_of('0') + 1);
        if (digits.empty()) {
            return;
        }
    }
    out.push_back(part.separator);
    out.append(digits);
}

int hour12(int hour) {
    return hour % 12 == 0 ? 12 : hour % 12;
}

void append_date(Sink& out, const CivilTime& t, Element element) {
    const std::string_view month = kMonthNames[static_cast<std::size_t>(t.month - 1)];
    const std::string_view weekday = kWeekdayNames[static_cast<std::size_t>(t.weekday)];
    switch (element) {
        case Element::kLongMonth:
            return out.append(month);
        case Element::kMonth:
            return out.append(month.substr(0, 3));
        case Element::kNumMonth:
            return append_padded(out, t.month, 1);
        case Element::kZeroMonth:
            return append_padded(out, t.month, 2);
        case Element::kLongWeekday:
            return out.append(weekday);
        case Element::kWeekday:
            return out.append(weekday.substr(0, 3));
        case Element::kDay:
            return append_padded(out, t.day, 1);
        case Element::kUnderDay:
            return append_padded(out, t.day, 2, ' ');
        case Element::kZeroDay:
            return append_padded(out, t.day, 2);
        case Element::kUnderYearDay:
            return append_padded(out, t.year_day, 3, ' ');
        case Element::kZeroYearDay:
            return append_padded(out, t.year_day, 3);
        case Element::kLongYear:
            return append_padded(out, t.year, 4);
        default:
            return append_padded(out, (t.year < 0 ? -t.year : t.year) % 100, 2);
    }
}

void append_clock(Sink& out, const CivilTime& t, Element element) {
    switch (element) {
        case Element::kHour:
            return append_padded(out, t.hour, 2);
        case Element::kHour12:
            return append_padded(out, hour12(t.hour), 1);
        case Element::kZeroHour12:
            return append_padded(out, hour12(t.hour), 2);
        case Element::kMinute:
            return append_padded(out, t.minute, 1);
        case Element::kZeroMinute:
            return append_padded(out, t.minute, 2);
        case Element::kSecond:
            return append_padded(out, t.second, 1);
        case Element::kZeroSecond:
            return append_padded(out, t.second, 2);
        case Element::kUpperPm:
            return out.append(t.hour >= 12 ? "PM" : "AM");
        default:
            return out.append(t.hour >= 12 ? "pm" : "am");
    }
}

std::string name_or_number(std::string_view type, std::int64_t v) {
    return absl::StrCat("%!", std::string(type), "(", static_cast<std::uint64_t>(v), ")");
}

}  // namespace

void format_time(Sink& out, const TimeValue& time, std::string_view layout) {
    const Zone::Offset offset = time.zone->at(time.seconds);
    const CivilTime civil = civil_from_seconds(time.seconds + offset.seconds);
    for (LayoutPart part = next_part(layout);; part = next_part(part.rest)) {
        out.append(part.text);
        switch (part.element) {
            case Element::kNone:
                return;
            case Element::kZoneName:
                append_zone_name(out, offset);
                break;
            case Element::kOffset:
                append_offset(out, offset.seconds, part.offset);
                break;
            case Element::kFractionZeros:
            case Element::kFractionNines:
                append_fraction(out, time.nanos, part);
                break;
            case Element::kHour:
            case Element::kHour12:
            case Element::kZeroHour12:
            case Element::kMinute:
            case Element::kZeroMinute:
            case Element::kSecond:
            case Element::kZeroSecond:
            case Element::kUpperPm:
            case Element::kLowerPm:
                append_clock(out, civil, part.element);
                break;
            default:
                append_date(out, civil, part.element);
        }
        if (out.full()) {
            return;
        }
    }
}

std::string time_to_string(const TimeValue& time) {
    constexpr std::size_t kEnough = 200;
    std::string text;
    Sink out(text, kEnough);
    format_time(out, time, "2006-01-02 15:04:05.999999999 -0700 MST");
    return text;
}

std::string month_name(std::int64_t month) {
    return month >= 1 && month <= 12 ? std::string(kMonthNames[static_cast<std::size_t>(month - 1)])
                                     : name_or_number("Month", month);
}

std::string weekday_name(std::int64_t weekday) {
    return weekday >= 0 && weekday <= 6
               ? std::string(kWeekdayNames[static_cast<std::size_t>(weekday)])
               : name_or_number("Weekday", weekday);
}

}  // namespace logi::tmpl
