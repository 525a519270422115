#include "base/ascii.h"
#include "template/civil.h"
#include "template/time_format.h"
#include "template/time_layout.h"
#include "template/zone.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace logi::tmpl {
namespace {

bool is_point(char c) {
    return c == '.' || c == ',';
}

std::size_t digits_at(std::string_view s, std::size_t from) {
    std::size_t n = 0;
    while (from + n < s.size() && base::is_digit(s[from + n])) {
        ++n;
    }
    return n;
}

bool starts_with_ignoring_case(std::string_view s, std::string_view prefix) {
    const auto lower = [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    };
    return s.size() >= prefix.size() &&
           std::equal(prefix.begin(), prefix.end(), s.begin(), [&](char a, char b) {
               return lower(a) == lower(b);
           });
}

// How long the zone abbreviation at the start is; 0 if there is none.
std::size_t abbreviation_length(std::string_view s) {
    if (s.starts_with("ChST") || s.starts_with("MeST")) {
        return 4;
    }
    const auto signed_hours = [&](std::size_t at) -> std::size_t {
        if (at >= s.size() || (s[at] != '+' && s[at] != '-')) {
            return 0;
        }
        const std::size_t digits = digits_at(s, at + 1);
        int hours = 0;
        for (std::size_t i = 0; i < std::min<std::size_t>(digits, 3); ++i) {
            hours = hours * 10 + (s[at + 1 + i] - '0');
        }
        return digits == 0 || digits > 3 || hours >= 24 ? 0 : digits + 1;
    };
    if (s.starts_with("GMT")) {
        return 3 + signed_hours(3);
    }
    if (s.size() >= 3 && (s[0] == '+' || s[0] == '-')) {
        return signed_hours(0);
    }
    std::size_t capitals = 0;
    while (capitals < std::min<std::size_t>(s.size(), 6) && s[capitals] >= 'A' &&
           s[capitals] <= 'Z') {
        ++capitals;
    }
    switch (capitals) {
        case 3:
            return 3;
        case 4:
            return s[3] == 'T' || s.starts_with("WITA") ? 4 : 0;
        case 5:
            return s[4] == 'T' ? 5 : 0;
        default:
            return 0;
    }
}

class TimeParser {
  public:
    explicit TimeParser(std::string_view text) : text_(text) {}

    bool run(std::string_view layout) {
        for (LayoutPart part = next_part(layout);; part = next_part(part.rest)) {
            if (!skip(part.text)) {
                return false;
            }
            if (part.element == Element::kNone) {
                return text_.empty() && finish();
            }
            if (!read(part)) {
                return false;
            }
        }
    }

    [[nodiscard]] TimeValue result(const Zone* zone) const {
        const std::int64_t local = days_from_civil(year_, month_, day_) * kSecondsPerDay +
                                   hour_ * 3600 + minute_ * 60 + second_;
        if (utc_) {
            return {local, nanos_, Zone::utc()};
        }
        if (offset_) {
            return at_offset(local, *offset_, zone);
        }
        if (abbreviation_.empty()) {
            return {zone->to_utc(local), nanos_, zone};
        }
        if (const auto offset = zone->offset_of(abbreviation_, local)) {
            return {local - *offset, nanos_, zone};
        }
        // An unknown zone: GMT+3 says its offset, of others it is not known. As in Go, the clock
        // time counts as UTC all the same.
        std::int32_t hours = 0;
        if (abbreviation_.starts_with("GMT") && abbreviation_.size() > 3) {
            for (const char c : abbreviation_.substr(4)) {
                hours = hours * 10 + (c - '0');
            }
            hours *= abbreviation_[3] == '-' ? -1 : 1;
        }
        return with_fixed_zone(local, hours * 3600);
    }

  private:
    // The given zone if it has that offset then, else one that has only the offset.
    [[nodiscard]] TimeValue at_offset(std::int64_t local,
                                      std::int32_t offset,
                                      const Zone* zone) const {
        const std::int64_t seconds = local - offset;
        const Zone::Offset there = zone->at(seconds);
        if (there.seconds == offset &&
            (abbreviation_.empty() || abbreviation_ == there.abbreviation)) {
            return {seconds, nanos_, zone};
        }
        return with_fixed_zone(seconds, offset);
    }
    [[nodiscard]] TimeValue with_fixed_zone(std::int64_t seconds, std::int32_t offset) const {
        const Zone* const fixed = Zone::fixed(abbreviation_, offset);
        return {seconds, nanos_, fixed != nullptr ? fixed : Zone::utc()};
    }

    // Text of the layout; a space in it stands for any number of spaces.
    bool skip(std::string_view prefix) {
        while (!prefix.empty()) {
            if (prefix[0] == ' ') {
                if (!text_.empty() && text_[0] != ' ') {
                    return false;
                }
                prefix.remove_prefix(std::min(prefix.find_first_not_of(' '), prefix.size()));
                text_.remove_prefix(std::min(text_.find_first_not_of(' '), text_.size()));
                continue;
            }
            if (text_.empty() || text_[0] != prefix[0]) {
                return false;
            }
            prefix.remove_prefix(1);
            text_.remove_prefix(1);
        }
        return true;
    }

    bool read(const LayoutPart& part) {
        switch (part.element) {
            case Element::kLongMonth:
                return read_name(kMonthNames, 0, month_) && ++month_ > 0;
            case Element::kMonth:
                return read_name(kMonthNames, 3, month_) && ++month_ > 0;
            case Element::kLongWeekday:
                return read_name(kWeekdayNames, 0, ignored_);
            case Element::kWeekday:
                return read_name(kWeekdayNames, 3, ignored_);
            case Element::kNumMonth:
            case Element::kZeroMonth:
                return read_number(part.element == Element::kZeroMonth, month_) && month_ >= 1 &&
                       month_ <= 12;
            case Element::kLongYear:
            case Element::kYear:
                return read_year(part.element == Element::kLongYear ? 4 : 2);
            case Element::kDay:
            case Element::kUnderDay:
            case Element::kZeroDay:
                pass_spaces(part.element == Element::kUnderDay ? 1 : 0);
                return read_number(part.element == Element::kZeroDay, day_);
            case Element::kUnderYearDay:
            case Element::kZeroYearDay:
                pass_spaces(part.element == Element::kUnderYearDay ? 2 : 0);
                return read_year_day(part.element == Element::kZeroYearDay);
            case Element::kZoneName:
                return read_zone_name();
            case Element::kOffset:
                return read_offset(part.offset);
            case Element::kFractionZeros:
                return read_fraction(static_cast<std::size_t>(part.digits) + 1);
            case Element::kFractionNines:
                return text_.size() < 2 || !is_point(text_[0]) || !base::is_digit(text_[1]) ||
                       read_fraction(1 + digits_at(text_, 1));
            default:
                return read_clock(part);
        }
    }

    bool read_clock(const LayoutPart& part) {
        switch (part.element) {
            case Element::kHour:
                return read_number(false, hour_) && hour_ < 24;
            case Element::kHour12:
            case Element::kZeroHour12:
                return read_number(part.element == Element::kZeroHour12, hour_) && hour_ <= 12;
            case Element::kMinute:
            case Element::kZeroMinute:
                return read_number(part.element == Element::kZeroMinute, minute_) && minute_ < 60;
            case Element::kSecond:
            case Element::kZeroSecond:
                return read_number(part.element == Element::kZeroSecond, second_) && second_ < 60 &&
                       read_stray_fraction(part.rest);
            default:
                return read_half(part.element == Element::kUpperPm);
        }
    }

    // A fraction behind the seconds is taken even where the layout has none.
    bool read_stray_fraction(std::string_view rest_of_layout) {
        if (text_.size() < 2 || !is_point(text_[0]) || !base::is_digit(text_[1])) {
            return true;
        }
        const Element following = next_part(rest_of_layout).element;
        if (following == Element::kFractionZeros || following == Element::kFractionNines) {
            return true;
        }
        return read_fraction(1 + digits_at(text_, 1));
    }

    template <std::size_t N>
    bool read_name(const std::array<std::string_view, N>& names, std::size_t cut, int& index) {
        for (std::size_t i = 0; i < N; ++i) {
            const std::string_view name = cut == 0 ? names[i] : names[i].substr(0, cut);
            if (starts_with_ignoring_case(text_, name)) {
                index = static_cast<int>(i);
                text_.remove_prefix(name.size());
                return true;
            }
        }
        return false;
    }

    // One digit or two; exactly two if `two`.
    bool read_number(bool two, int& v) {
        const std::size_t digits = std::min<std::size_t>(digits_at(text_, 0), 2);
        if (digits == 0 || (two && digits < 2)) {
            return false;
        }
        return read_digits(digits, v);
    }

    bool read_digits(std::size_t count, int& v) {
        if (digits_at(text_, 0) < count) {
            return false;
        }
        v = 0;
        for (std::size_t i = 0; i < count; ++i) {
            v = v * 10 + (text_[i] - '0');
        }
        text_.remove_prefix(count);
        return true;
    }

    bool read_year(std::size_t digits) {
        if (!read_digits(digits, year_)) {
            return false;
        }
        if (digits == 2) {
            year_ += year_ >= 69 ? 1900 : 2000;
        }
        return true;
    }

    void pass_spaces(std::size_t most) {
        for (; most > 0 && text_.starts_with(' '); --most) {
            text_.remove_prefix(1);
        }
    }

    bool read_year_day(bool three) {
        const std::size_t digits = std::min<std::size_t>(digits_at(text_, 0), 3);
        return digits > 0 && !(three && digits < 3) && read_digits(digits, year_day_);
    }

    bool read_half(bool upper) {
        if (text_.starts_with(upper ? "PM" : "pm")) {
            afternoon_ = true;
        } else if (text_.starts_with(upper ? "AM" : "am")) {
            morning_ = true;
        } else {
            return false;
        }
        text_.remove_prefix(2);
        return true;
    }

    // The point and its digits, `length` bytes in all; from the tenth digit on they are dropped.
    bool read_fraction(std::size_t length) {
        if (text_.size() < length || !is_point(text_[0]) || digits_at(text_, 1) < length - 1) {
            return false;
        }
        nanos_ = 0;
        for (std::size_t i = 1; i <= 9; ++i) {
            nanos_ = nanos_ * 10 + (i < length ? text_[i] - '0' : 0);
        }
        text_.remove_prefix(length);
        return true;
    }

    bool read_zone_name() {
        if (text_.starts_with("UTC")) {
            utc_ = true;
            text_.remove_prefix(3);
            return true;
        }
        const std::size_t length = abbreviation_length(text_);
        if (length == 0) {
            return false;
        }
        abbreviation_ = text_.substr(0, length);
        text_.remove_prefix(length);
        return true;
    }

    bool read_offset(const OffsetStyle& style) {
        if (style.z_for_utc && text_.starts_with('Z')) {
            utc_ = true;
            text_.remove_prefix(1);
            return true;
        }
        if (text_.empty() || (text_[0] != '+' && text_[0] != '-')) {
            return false;
        }
        const int sign = text_[0] == '-' ? -1 : 1;
        text_.remove_prefix(1);
        int fields[3] = {0, 0, 0};
        for (int i = 0; i < style.fields; ++i) {
            if (i > 0 && style.colons) {
                if (!text_.starts_with(':')) {
                    return false;
                }
                text_.remove_prefix(1);
            }
            if (!read_digits(2, fields[i]) || fields[i] > (i == 0 ? 24 : 60)) {
                return false;
            }
        }
        offset_ = sign * (fields[0] * 3600 + fields[1] * 60 + fields[2]);
        return true;
    }

    // The date as a whole.
    bool finish() {
        if (afternoon_ && hour_ < 12) {
            hour_ += 12;
        } else if (morning_ && hour_ == 12) {
            hour_ = 0;
        }
        if (year_day_ >= 0 && !apply_year_day()) {
            return false;
        }
        month_ = std::max(month_, 1);
        day_ = day_ < 0 ? 1 : day_;
        return day_ >= 1 && day_ <= days_in_month(month_, year_);
    }

    // Month and day, where given too, must be the same.
    bool apply_year_day() {
        if (year_day_ < 1 || year_day_ > (is_leap_year(year_) ? 366 : 365)) {
            return false;
        }
        int month = 1;
        int day = year_day_;
        while (day > days_in_month(month, year_)) {
            day -= days_in_month(month++, year_);
        }
        if ((month_ >= 1 && month_ != month) || (day_ >= 0 && day_ != day)) {
            return false;
        }
        month_ = month;
        day_ = day;
        return true;
    }

    std::string_view text_;
    int year_ = 0;
    int month_ = -1;
    int day_ = -1;
    int year_day_ = -1;
    int hour_ = 0;
    int minute_ = 0;
    int second_ = 0;
    std::int32_t nanos_ = 0;
    int ignored_ = 0;
    bool afternoon_ = false;
    bool morning_ = false;
    bool utc_ = false;
    std::optional<std::int32_t> offset_;
    std::string_view abbreviation_;
};

}  // namespace

std::optional<TimeValue> parse_time(std::string_view layout,
                                    std::string_view text,
                                    const Zone* zone) {
    TimeParser parser(text);
    if (!parser.run(layout)) {
        return std::nullopt;
    }
    return parser.result(zone);
}

}  // namespace logi::tmpl
