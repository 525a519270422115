#include "block/time_layout.h"

#include "base/ascii.h"
#include "block/decimal.h"

#include <array>
#include <chrono>
#include <cstring>

namespace logi::block {
namespace {

constexpr std::array<std::string_view, 12> kMonths = {
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::int64_t kDaySeconds = 86'400;
// The years 0 to 9999, in days since 1970.
constexpr std::int64_t kDayFirst = -719'528;
constexpr std::int64_t kDayLast = 2'932'896;
constexpr std::size_t kFractionDigitsMax = 9;
// "hh:mm:ss"
constexpr std::size_t kClockBytes = 8;
constexpr std::size_t kIsoDateBytes = 11;
constexpr std::size_t kSyslogDateBytes = 7;
constexpr std::size_t kAccessDateBytes = 12;

// Reads from a text that may be too short; ok() tells at the end.
class Fields {
  public:
    explicit Fields(std::string_view text) : text_(text) {}
    [[nodiscard]] bool ok() const { return ok_; }

    int number(std::size_t digits) {
        int value = 0;
        for (std::size_t i = 0; i < digits; ++i) {
            const char c = next();
            ok_ = ok_ && base::is_digit(c);
            value = value * 10 + (c - '0');
        }
        return ok_ ? value : 0;
    }
    char next() {
        if (at_ >= text_.size()) {
            ok_ = false;
            return '\0';
        }
        return text_[at_++];
    }
    void expect(char c) { ok_ = next() == c && ok_; }
    // 1 to 12
    unsigned month_name() {
        const std::string_view name = text_.substr(std::min(at_, text_.size()), 3);
        at_ += 3;
        const auto it = std::find(kMonths.begin(), kMonths.end(), name);
        ok_ = ok_ && it != kMonths.end();
        return ok_ ? static_cast<unsigned>(it - kMonths.begin()) + 1 : 1;
    }

  private:
    std::string_view text_;
    std::size_t at_ = 0;
    bool ok_ = true;
};

// Days since 1970; nothing for a day that there is not.
std::optional<std::int64_t> days_of(int year, unsigned month, unsigned day) {
    const std::chrono::year_month_day date{
        std::chrono::year(year), std::chrono::month(month), std::chrono::day(day)};
    if (!date.ok()) {
        return std::nullopt;
    }
    return std::chrono::sys_days(date).time_since_epoch().count();
}

std::chrono::year_month_day date_of(std::int64_t days) {
    return std::chrono::year_month_day(std::chrono::sys_days(std::chrono::days(days)));
}

char* put2(unsigned v, char* out) {
    out[0] = static_cast<char>('0' + v / 10);
    out[1] = static_cast<char>('0' + v % 10);
    return out + 2;
}

constexpr std::uint64_t kClockZeros = 0x30303A30303A3030;  // "00:00:00"

// "hh:mm:ss" of a second of the day, the first character in the lowest byte.
std::uint64_t clock_text(unsigned second) {
    const unsigned minute = second / 60;
    const std::uint64_t digits =
        short_digits(minute / 60 * 1'000'000 + minute % 60 * 1000 + second % 60);
    return digits + kClockZeros;
}

// The second of the day of a clock_text(); nothing of another text.
std::optional<std::int64_t> second_of(const char* clock) {
    std::uint64_t digits = 0;
    std::memcpy(&digits, clock, sizeof(digits));
    digits ^= kClockZeros;
    // Nothing is left of the colons, and of digits their value, to which six can be added.
    constexpr std::uint64_t kNot = 0xF0F0FFF0F0FFF0F0;
    if (((digits | (digits + 0x0606000606000606)) & kNot) != 0) {
        return std::nullopt;
    }
    const std::uint64_t pairs = digits * 10 + (digits >> 8U);
    const auto hour = static_cast<std::int64_t>(pairs & 0xFF);
    const auto minute = static_cast<std::int64_t>(pairs >> 24U & 0xFF);
    const auto second = static_cast<std::int64_t>(pairs >> 48U & 0xFF);
    if (hour > 23 || minute > 59 || second > 59) {
        return std::nullopt;
    }
    return (hour * 60 + minute) * 60 + second;
}

char* put(std::string_view s, char* out) {
    std::memcpy(out, s.data(), s.size());
    return out + s.size();
}

bool is_clock(std::string_view s) {
    return s.size() >= kClockBytes && base::is_digit(s[0]) && base::is_digit(s[1]) && s[2] == ':' &&
           base::is_digit(s[3]) && base::is_digit(s[4]) && s[5] == ':' && base::is_digit(s[6]) &&
           base::is_digit(s[7]);
}

std::size_t fraction_digits(std::string_view s) {
    if (s.size() < 2 || (s[0] != '.' && s[0] != ',')) {
        return 0;
    }
    std::size_t n = 1;
    while (n < s.size() && base::is_digit(s[n])) {
        ++n;
    }
    return n - 1;
}

bool is_iso_date(std::string_view s) {
    return s.size() >= kIsoDateBytes + kClockBytes && base::is_digit(s[0]) &&
           base::is_digit(s[3]) && (s[4] == '-' || s[4] == '/') && s[7] == s[4] &&
           base::is_digit(s[9]) && (s[10] == 'T' || s[10] == ' ') &&
           is_clock(s.substr(kIsoDateBytes));
}
bool is_syslog_date(std::string_view s) {
    return s.size() >= kSyslogDateBytes + kClockBytes && s[3] == ' ' &&
           (s[4] == ' ' || base::is_digit(s[4])) && base::is_digit(s[5]) && s[6] == ' ' &&
           is_clock(s.substr(kSyslogDateBytes));
}
bool is_access_date(std::string_view s) {
    return s.size() >= kAccessDateBytes + kClockBytes && s[2] == '/' && s[6] == '/' &&
           s[11] == ':' && base::is_digit(s[0]) && base::is_digit(s[10]) &&
           is_clock(s.substr(kAccessDateBytes));
}

}  // namespace

std::uint32_t fixed_time_length(std::string_view text) {
    if (text.size() < kSyslogDateBytes + kClockBytes) {
        return 0;
    }
    if (is_iso_date(text)) {
        const std::size_t n = kIsoDateBytes + kClockBytes;
        const std::size_t digits = fraction_digits(text.substr(n));
        return static_cast<std::uint32_t>(
            n + (digits > 0 && digits <= kFractionDigitsMax ? digits + 1 : 0));
    }
    if (is_syslog_date(text)) {
        return kSyslogDateBytes + kClockBytes;
    }
    return is_access_date(text) ? kAccessDateBytes + kClockBytes : 0;
}

std::optional<TimeLayout> TimeLayout::of(std::string_view text) {
    TimeLayout layout;
    std::size_t n = 0;
    if (is_iso_date(text)) {
        n = kIsoDateBytes;
        layout.date_separator_ = text[4];
        layout.time_separator_ = text[10];
    } else if (is_syslog_date(text)) {
        n = kSyslogDateBytes;
        layout.date_ = Date::kSyslog;
    } else if (is_access_date(text)) {
        n = kAccessDateBytes;
        layout.date_ = Date::kAccess;
    } else {
        return std::nullopt;
    }
    n += kClockBytes;
    const std::size_t digits = fraction_digits(text.substr(n));
    if (digits > kFractionDigitsMax) {
        return std::nullopt;
    }
    if (digits > 0) {
        layout.point_ = text[n];
        n += digits + 1;
    }
    layout.digits_ = static_cast<std::uint8_t>(digits);
    if (text.size() - n > kSuffixMax) {
        return std::nullopt;
    }
    layout.suffix_ = std::string(text.substr(n));
    return layout;
}

TimeLayout TimeLayout::trimmed() const {
    TimeLayout layout = *this;
    layout.digits_ = kFractionDigitsMax;
    layout.trimmed_ = true;
    return layout;
}

std::string TimeLayout::stored() const {
    std::string out;
    out.push_back(static_cast<char>(date_));
    out.push_back(date_separator_);
    out.push_back(time_separator_);
    out.push_back(point_);
    out.push_back(static_cast<char>(digits_));
    out.push_back(static_cast<char>(trimmed_));
    return out + suffix_;
}

std::optional<TimeLayout> TimeLayout::parse_layout(std::string_view stored) {
    constexpr std::size_t kHead = 6;
    if (stored.size() < kHead || stored.size() > kHead + kSuffixMax || stored[0] < 0 ||
        stored[0] > static_cast<char>(Date::kAccess) || stored[4] < 0 ||
        stored[4] > static_cast<char>(kFractionDigitsMax)) {
        return std::nullopt;
    }
    TimeLayout layout;
    layout.date_ = static_cast<Date>(stored[0]);
    layout.date_separator_ = stored[1];
    layout.time_separator_ = stored[2];
    layout.point_ = stored[3];
    layout.digits_ = static_cast<std::uint8_t>(stored[4]);
    layout.trimmed_ = stored[5] != 0;
    layout.suffix_ = std::string(stored.substr(kHead));
    return layout;
}

std::int64_t TimeLayout::units_of(Timestamp entry) const {
    return floor_div(entry.ns, signed_power_of_ten(kFractionDigitsMax - digits_));
}

std::vector<std::int64_t> TimeLayout::units_of(absl::Span<const Timestamp> entries) const {
    std::vector<std::int64_t> units(entries.size());
    with_power_of_ten(kFractionDigitsMax - digits_, [&](auto unit_ns) {
        for (std::size_t i = 0; i < units.size(); ++i) {
            units[i] = floor_div(entries[i].ns, unit_ns);
        }
    });
    return units;
}

std::size_t TimeLayout::date_bytes() const {
    switch (date_) {
        case Date::kIso:
            return kIsoDateBytes;
        case Date::kSyslog:
            return kSyslogDateBytes;
        case Date::kAccess:
            return kAccessDateBytes;
    }
    return 0;
}

// Days since 1970 of a date of date_bytes().
std::optional<std::int64_t> TimeLayout::parse_date(std::string_view text,
                                                   Timestamp entry,
                                                   LastDate& last) const {
    if (text == last.text && entry.ns >= last.first_ns && entry.ns < last.last_ns) {
        return last.days;
    }
    Fields f(text);
    int year = 0;
    unsigned month = 0;
    unsigned day = 0;
    last.first_ns = Timestamp::min().ns;
    last.last_ns = Timestamp::max().ns;
    switch (date_) {
        case Date::kIso:
            year = f.number(4);
            f.expect(date_separator_);
            month = static_cast<unsigned>(f.number(2));
            f.expect(date_separator_);
            day = static_cast<unsigned>(f.number(2));
            f.expect(time_separator_);
            break;
        case Date::kSyslog: {
            const std::int64_t entry_day = floor_div(entry.ns, kDaySeconds * kNanosPerSecond);
            year = static_cast<int>(date_of(entry_day).year());
            // Good for entries of one day.
            last.first_ns = entry.ns - 1;
            last.last_ns = entry.ns;
            std::int64_t first = 0;
            std::int64_t end = 0;
            if (!__builtin_mul_overflow(entry_day, kDaySeconds * kNanosPerSecond, &first) &&
                !__builtin_add_overflow(first, kDaySeconds * kNanosPerSecond, &end)) {
                last.first_ns = first;
                last.last_ns = end;
            }
            month = f.month_name();
            f.expect(' ');
            if (text[4] == ' ') {
                f.expect(' ');
                day = static_cast<unsigned>(f.number(1));
            } else {
                day = static_cast<unsigned>(f.number(2));
                if (day < 10) {
                    return std::nullopt;
                }
            }
            f.expect(' ');
            break;
        }
        case Date::kAccess:
            day = static_cast<unsigned>(f.number(2));
            f.expect('/');
            month = f.month_name();
            f.expect('/');
            year = f.number(4);
            f.expect(':');
            break;
    }
    const auto days = f.ok() ? days_of(year, month, day) : std::nullopt;
    last.text = days ? std::string(text) : std::string();
    last.days = days.value_or(0);
    return days;
}

std::optional<std::int64_t> TimeLayout::parse(std::string_view text,
                                              Timestamp entry,
                                              LastDate& last) const {
    const std::size_t clock_at = date_bytes();
    if (text.size() < clock_at + kClockBytes) {
        return std::nullopt;
    }
    const auto days = parse_date(text.substr(0, clock_at), entry, last);
    if (!days) {
        return std::nullopt;
    }
    const auto second = second_of(text.data() + clock_at);
    if (!second) {
        return std::nullopt;
    }
    std::int64_t units = *days * kDaySeconds + *second;
    std::string_view rest = text.substr(clock_at + kClockBytes);
    std::size_t digits = digits_;
    if (trimmed_) {
        digits = fraction_digits(rest);
        if (digits > kFractionDigitsMax || (digits > 0 && rest[digits] == '0')) {
            return std::nullopt;
        }
    }
    if (digits > 0) {
        if (rest.size() < digits + 1 || rest[0] != point_) {
            return std::nullopt;
        }
        Fields fraction(rest.substr(1));
        const int value = fraction.number(digits);
        if (!fraction.ok() || __builtin_mul_overflow(units, signed_power_of_ten(digits), &units) ||
            __builtin_add_overflow(units, value, &units)) {
            return std::nullopt;
        }
        rest.remove_prefix(digits + 1);
    }
    if (rest != suffix_ ||
        __builtin_mul_overflow(units, signed_power_of_ten(digits_ - digits), &units)) {
        return std::nullopt;
    }
    return units;
}

void TimeLayout::print_date(std::int64_t days, Written& last) const {
    // Only years that four digits write are ever stored; others are damage.
    const std::chrono::year_month_day date =
        date_of(days >= kDayFirst && days <= kDayLast ? days : 0);
    const auto month = static_cast<unsigned>(date.month());
    const auto day = static_cast<unsigned>(date.day());
    const auto year = static_cast<unsigned>(static_cast<int>(date.year()));
    const std::string_view month_name = kMonths[month - 1];
    char* out = last.text;
    switch (date_) {
        case Date::kIso:
            out = put2(year % 100, put2(year / 100, out));
            *out++ = date_separator_;
            out = put2(month, out);
            *out++ = date_separator_;
            out = put2(day, out);
            *out++ = time_separator_;
            break;
        case Date::kSyslog:
            out = put(month_name, out);
            *out++ = ' ';
            put2(day, out);
            *out = day < 10 ? ' ' : *out;
            out += 2;
            *out++ = ' ';
            break;
        case Date::kAccess:
            out = put2(day, out);
            *out++ = '/';
            out = put(month_name, out);
            *out++ = '/';
            out = put2(year % 100, put2(year / 100, out));
            *out++ = ':';
            break;
    }
    last.days = days;
    last.size = static_cast<std::size_t>(out - last.text);
}

std::string TimeLayout::letters() const {
    std::string letters = suffix_;
    for (const std::string_view month : kMonths) {
        letters.push_back(' ');
        letters.append(month);
    }
    return letters;
}

std::string TimeLayout::year_of(std::int64_t units) const {
    Written written;
    char text[kTextMax];
    print(units, text, written);
    switch (date_) {
        case Date::kIso:
            return {text, 4};
        case Date::kAccess:
            return {text + 7, 4};
        case Date::kSyslog:
            break;
    }
    return {};
}

bool TimeLayout::ends_in_digits() const {
    const auto digit = [](char c) {
        return c >= '0' && c <= '9';
    };
    return digit(date_separator_) || digit(time_separator_) || digit(point_) ||
           (!suffix_.empty() && digit(suffix_[0]));
}

char* TimeLayout::print(std::int64_t units, char* out, Written& last) const {
    const std::int64_t per_second = signed_power_of_ten(digits_);
    const std::int64_t seconds = digits_ == 0 ? units : floor_div(units, per_second);
    const std::int64_t days = floor_div(seconds, kDaySeconds);
    const auto second = static_cast<unsigned>(seconds - days * kDaySeconds);
    if (last.size == 0 || last.days != days) {
        print_date(days, last);
    }
    std::memcpy(out, last.text, sizeof(last.text));
    out += last.size;
    const std::uint64_t clock = clock_text(second);
    std::memcpy(out, &clock, sizeof(clock));
    out += kClockBytes;
    auto fraction = static_cast<std::uint32_t>(units - seconds * per_second);
    std::size_t digits = digits_;
    for (; trimmed_ && digits > 0 && fraction % 10 == 0; --digits) {
        fraction /= 10;
    }
    if (digits > 0) {
        *out++ = point_;
        if (digits > kShortDigits) {
            *out++ = static_cast<char>('0' + fraction / kPowersOfTen[kShortDigits]);
            fraction = static_cast<std::uint32_t>(fraction % kPowersOfTen[kShortDigits]);
            digits = kShortDigits;
        }
        const std::uint64_t text =
            (short_digits(fraction) | kZeroDigits) >> 8 * (kShortDigits - digits);
        std::memcpy(out, &text, sizeof(text));
        out += digits;
    }
    return suffix_.empty() ? out : put(suffix_, out);
}

}  // namespace logi::block
