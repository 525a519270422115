#include "local/time_text.h"

#include "base/ascii.h"
#include "template/civil.h"
#include "template/time_layout.h"
#include "template/zone.h"

#include <algorithm>

namespace logi::local {
namespace {

constexpr int kNanoDigits = 9;

// Reads piece by piece; every call leaves the text as it was where it finds nothing.
class Reader {
  public:
    explicit Reader(std::string_view text) : text_(text) {}

    [[nodiscard]] char peek() const { return text_.empty() ? '\0' : text_.front(); }
    [[nodiscard]] bool ends_word() const {
        return !base::is_digit(peek()) && !base::is_letter(peek());
    }
    bool take(char c) {
        if (peek() != c || text_.empty()) {
            return false;
        }
        text_.remove_prefix(1);
        return true;
    }
    char take_one_of(std::string_view characters) {
        const char c = peek();
        return c != '\0' && characters.find(c) != std::string_view::npos && take(c) ? c : '\0';
    }
    bool number(std::size_t digits, int& out) {
        if (text_.size() < digits) {
            return false;
        }
        int value = 0;
        for (std::size_t i = 0; i < digits; ++i) {
            if (!base::is_digit(text_[i])) {
                return false;
            }
            value = value * 10 + (text_[i] - '0');
        }
        out = value;
        text_.remove_prefix(digits);
        return true;
    }
    // One digit, perhaps behind a space, or two.
    bool day(int& out) { return number(2, out) || (take(' '), number(1, out)); }
    bool month(int& out) {
        for (std::size_t i = 0; i < tmpl::kMonthNames.size(); ++i) {
            if (take_word(tmpl::kMonthNames[i].substr(0, 3))) {
                out = static_cast<int>(i) + 1;
                return true;
            }
        }
        return false;
    }
    bool weekday() {
        return std::any_of(tmpl::kWeekdayNames.begin(),
                           tmpl::kWeekdayNames.end(),
                           [&](std::string_view name) { return take_word(name.substr(0, 3)); });
    }
    bool take_word(std::string_view word) {
        if (!text_.starts_with(word)) {
            return false;
        }
        text_.remove_prefix(word.size());
        return true;
    }
    // 10:00:00
    bool clock(int& hour, int& minute, int& second) {
        return number(2, hour) && take(':') && number(2, minute) && take(':') && number(2, second);
    }
    // Digits behind one of `points`; none: 0.
    std::int64_t fraction_ns(std::string_view points) {
        if (text_.size() < 2 || points.find(text_[0]) == std::string_view::npos ||
            !base::is_digit(text_[1])) {
            return 0;
        }
        text_.remove_prefix(1);
        std::int64_t ns = 0;
        int digits = 0;
        for (; base::is_digit(peek()); text_.remove_prefix(1)) {
            if (digits < kNanoDigits) {
                ns = ns * 10 + (peek() - '0');
                ++digits;
            }
        }
        for (; digits < kNanoDigits; ++digits) {
            ns *= 10;
        }
        return ns;
    }
    // Z, UTC, GMT, +01:00, -0700, +01, perhaps behind a space: seconds east of UTC.
    std::optional<int> zone() {
        Reader at = *this;
        at.take(' ');
        std::optional<int> offset;
        if (at.take_word("Z") || at.take_word("UTC") || at.take_word("GMT")) {
            offset = 0;
        } else if (const char sign = at.take_one_of("+-"); sign != '\0') {
            int hours = 0;
            int minutes = 0;
            if (at.number(2, hours)) {
                const Reader whole = at;
                at.take(':');
                if (!at.number(2, minutes)) {
                    at = whole;
                }
                offset = (sign == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
            }
        }
        if (!offset.has_value() || !at.ends_word()) {
            return std::nullopt;
        }
        *this = at;
        return offset;
    }

  private:
    std::string_view text_;
};

}  // namespace

struct TimeText::Civil {
    int year = 0;  // 0: it is not written
    int month = 0;
    int day = 0;
    int hour = 0;
    int minute = 0;
    int second = 0;
    std::int64_t ns = 0;
    std::optional<int> offset;  // seconds east of UTC
};

std::string_view name_of(TimeForm form) {
    switch (form) {
        case TimeForm::kIso:
            return "2006-01-02T15:04:05";
        case TimeForm::kClf:
            return "02/Jan/2006:15:04:05 -0700";
        case TimeForm::kRfc1123:
            return "02 Jan 2006 15:04:05";
        case TimeForm::kAnsi:
            return "Mon Jan _2 15:04:05 2006";
        case TimeForm::kSyslog:
            return "Jan _2 15:04:05";
        case TimeForm::kCompact:
            return "20060102T150405";
        case TimeForm::kKlog:
            return "I0102 15:04:05";
        case TimeForm::kUnix:
            return "seconds since 1970";
    }
    return "";
}

std::int64_t TimeText::to_utc(std::int64_t local_seconds) {
    constexpr std::int64_t kSlotSeconds = 900;
    const std::int64_t slot = local_seconds / kSlotSeconds;
    if (slot != slot_) {
        slot_ = slot;
        slot_offset_ = local_seconds - zone_->to_utc(local_seconds);
    }
    return local_seconds - slot_offset_;
}

std::optional<Timestamp> TimeText::timestamp(const Civil& time) {
    const bool has_year = time.year != 0;
    constexpr int kLeapSecond = 60;
    if (time.month < 1 || time.month > 12 || time.day < 1 || time.hour > 23 || time.minute > 59 ||
        time.second > kLeapSecond || (has_year && (time.year < 1970 || time.year > 2261))) {
        return std::nullopt;
    }
    const auto in_year = [&](std::int64_t year) -> std::optional<Timestamp> {
        if (time.day > tmpl::days_in_month(time.month, year)) {
            return std::nullopt;
        }
        const std::int64_t local =
            tmpl::days_from_civil(year, time.month, time.day) * tmpl::kSecondsPerDay +
            time.hour * 3600 + time.minute * 60 + time.second;
        const std::int64_t seconds = time.offset.has_value() ? local - *time.offset : to_utc(local);
        return Timestamp{seconds * kNanosPerSecond + time.ns};
    };
    if (has_year) {
        return in_year(time.year);
    }
    const std::int64_t year =
        tmpl::civil_from_seconds(reference_.ns / kNanosPerSecond + tmpl::kSecondsPerDay).year;
    constexpr int kYearsBack = 8;  // as far as the last 29th of February may be
    for (std::int64_t back = 0; back <= kYearsBack; ++back) {
        const auto found = in_year(year - back);
        if (found.has_value() && *found <= reference_ + Duration::hours(24)) {
            return found;
        }
    }
    return std::nullopt;
}

std::optional<Timestamp> TimeText::read_unix(std::string_view text) {
    std::size_t digits = 0;
    std::int64_t value = 0;
    while (digits < text.size() && base::is_digit(text[digits])) {
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, text[digits] - '0', &value)) {
            return std::nullopt;
        }
        ++digits;
    }
    // Of this century, and nothing else that is a number.
    constexpr std::int64_t kFirst = 946'684'800;
    constexpr std::int64_t kLast = 4'102'444'800;
    for (const std::int64_t unit :
         {kNanosPerSecond, kNanosPerMilli, std::int64_t{1000}, std::int64_t{1}}) {
        const std::int64_t per_second = kNanosPerSecond / unit;
        if (digits >= 9 && value / per_second >= kFirst && value / per_second <= kLast) {
            Reader rest(text.substr(digits));
            const std::int64_t fraction = rest.fraction_ns(".");
            if (!rest.ends_word() || rest.peek() == '-') {
                return std::nullopt;
            }
            return Timestamp{value * unit + fraction / per_second};
        }
    }
    return std::nullopt;
}

std::optional<Timestamp> TimeText::read(TimeForm form, std::string_view text) {
    Reader r(text);
    Civil t;
    bool good = false;
    switch (form) {
        case TimeForm::kIso: {
            if (!r.number(4, t.year)) {
                return std::nullopt;
            }
            const char dash = r.take_one_of("-/");
            good = dash != '\0' && r.number(2, t.month) && r.take(dash) && r.number(2, t.day) &&
                   r.take_one_of("T _t") != '\0' && r.clock(t.hour, t.minute, t.second);
            t.ns = good ? r.fraction_ns(".,:") : 0;
            t.offset = r.zone();
            break;
        }
        case TimeForm::kClf:
            good = r.number(2, t.day) && r.take('/') && r.month(t.month) && r.take('/') &&
                   r.number(4, t.year) && r.take(':') && r.clock(t.hour, t.minute, t.second);
            t.ns = good ? r.fraction_ns(".") : 0;
            t.offset = r.zone();
            break;
        case TimeForm::kRfc1123:
            if (r.weekday() && !(r.take(',') && r.take(' '))) {
                return std::nullopt;
            }
            good = r.day(t.day) && r.take_one_of(" -") != '\0' && r.month(t.month) &&
                   r.take_one_of(" -") != '\0' && r.number(4, t.year) && r.take(' ') &&
                   r.clock(t.hour, t.minute, t.second);
            t.ns = good ? r.fraction_ns(".,") : 0;
            t.offset = r.zone();
            break;
        case TimeForm::kAnsi:
            good = r.weekday() && r.take(' ') && r.month(t.month) && r.take(' ') && r.day(t.day) &&
                   r.take(' ') && r.clock(t.hour, t.minute, t.second);
            t.ns = good ? r.fraction_ns(".") : 0;
            t.offset = r.zone();
            good = good && r.take(' ') && r.number(4, t.year) && r.ends_word();
            break;
        case TimeForm::kSyslog:
            good = r.month(t.month) && r.take(' ') && r.day(t.day) && r.take(' ');
            if (Reader with_year = r; with_year.number(4, t.year) && with_year.take(' ')) {
                r = with_year;
            } else {
                t.year = 0;
            }
            good = good && r.clock(t.hour, t.minute, t.second);
            t.ns = good ? r.fraction_ns(".") : 0;
            break;
        case TimeForm::kCompact:
            good = r.number(4, t.year) && r.number(2, t.month) && r.number(2, t.day) &&
                   r.take_one_of("T -_") != '\0' && r.number(2, t.hour) &&
                   (r.take(':'), r.number(2, t.minute)) && (r.take(':'), r.number(2, t.second));
            t.ns = good ? r.fraction_ns(".,") : 0;
            t.offset = r.zone();
            break;
        case TimeForm::kKlog:
            good = r.take_one_of("IWEF") != '\0' && r.number(2, t.month) && r.number(2, t.day) &&
                   r.take(' ') && r.clock(t.hour, t.minute, t.second);
            t.ns = good ? r.fraction_ns(".") : 0;
            break;
        case TimeForm::kUnix:
            return read_unix(text);
    }
    return good && r.ends_word() ? timestamp(t) : std::nullopt;
}

}  // namespace logi::local
