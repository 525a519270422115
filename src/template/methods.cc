// Methods of times, durations, months and weekdays.
#include "template/civil.h"
#include "template/format.h"
#include "template/frame.h"
#include "template/function.h"
#include "template/time_format.h"
#include "template/zone.h"

#include <algorithm>
#include <compare>
#include <limits>

namespace logi::tmpl {
namespace {

using Values = absl::Span<const Value>;

constexpr std::int64_t kNanosPerMicro = 1'000;

CivilTime civil(const Value& v) {
    const TimeValue t = v.as_time();
    return civil_from_seconds(t.seconds + t.zone->at(t.seconds).seconds);
}

template <auto Field>
StatusOr<Value> field(Frame&, Values args) {
    return Value::integer(civil(args[0]).*Field);
}

StatusOr<Value> month(Frame&, Values args) {
    return Value::named(Kind::kMonth, civil(args[0]).month);
}
StatusOr<Value> weekday(Frame&, Values args) {
    return Value::named(Kind::kWeekday, civil(args[0]).weekday);
}
StatusOr<Value> nanosecond(Frame&, Values args) {
    return Value::integer(args[0].as_time().nanos);
}

template <std::int64_t PerSecond>
StatusOr<Value> unix_seconds(Frame&, Values args) {
    return Value::int64(since_1970(args[0].as_time(), PerSecond));
}

StatusOr<Value> is_zero(Frame&, Values args) {
    return Value::boolean(args[0].as_time() == TimeValue{kZeroTimeSeconds, 0, nullptr});
}

StatusOr<Value> format(Frame& frame, Values args) {
    return frame.written(
        [&](Sink& out) { format_time(out, args[0].as_time(), args[1].as_string()); });
}

// What %v shows.
StatusOr<Value> to_text(Frame& frame, Values args) {
    return frame.written([&](Sink& out) { print_value(out, args[0]); });
}

StatusOr<Value> in_zone(const Value& v, const Zone* zone) {
    TimeValue t = v.as_time();
    t.zone = zone;
    return Value::time(t);
}
StatusOr<Value> utc(Frame&, Values args) {
    return in_zone(args[0], Zone::utc());
}
StatusOr<Value> local(Frame&, Values args) {
    return in_zone(args[0], Zone::local());
}

std::strong_ordering order(Values args) {
    const TimeValue a = args[0].as_time();
    const TimeValue b = args[1].as_time();
    return a.seconds != b.seconds ? a.seconds <=> b.seconds : a.nanos <=> b.nanos;
}
StatusOr<Value> before(Frame&, Values args) {
    return Value::boolean(order(args) < 0);
}
StatusOr<Value> after(Frame&, Values args) {
    return Value::boolean(order(args) > 0);
}
StatusOr<Value> equal(Frame&, Values args) {
    return Value::boolean(order(args) == 0);
}
StatusOr<Value> compare(Frame&, Values args) {
    return Value::integer(order(args) < 0 ? -1 : order(args) > 0 ? 1 : 0);
}

// Stops at the longest duration.
StatusOr<Value> sub(Frame&, Values args) {
    const TimeValue a = args[0].as_time();
    const TimeValue b = args[1].as_time();
    std::int64_t seconds = 0;
    std::int64_t nanos = 0;
    const bool over =
        __builtin_sub_overflow(a.seconds, b.seconds, &seconds) ||
        __builtin_mul_overflow(seconds, kNanosPerSecond, &nanos) ||
        __builtin_add_overflow(nanos, std::int64_t{a.nanos} - std::int64_t{b.nanos}, &nanos);
    if (over) {
        nanos = a.seconds < b.seconds ? std::numeric_limits<std::int64_t>::min()
                                      : std::numeric_limits<std::int64_t>::max();
    }
    return Value::named(Kind::kDuration, nanos);
}

StatusOr<Value> time_add(Frame&, Values args) {
    TimeValue t = args[0].as_time();
    const std::int64_t d = args[1].as_int();
    std::int64_t nanos = t.nanos + d % kNanosPerSecond;
    std::int64_t carry = d / kNanosPerSecond;
    if (nanos < 0) {
        nanos += kNanosPerSecond;
        --carry;
    } else if (nanos >= kNanosPerSecond) {
        nanos -= kNanosPerSecond;
        ++carry;
    }
    t.nanos = static_cast<std::int32_t>(nanos);
    t.seconds = static_cast<std::int64_t>(static_cast<std::uint64_t>(t.seconds) +
                                          static_cast<std::uint64_t>(carry));
    return Value::time(t);
}

// Years, months and days further on the calendar; what is past a month's end flows into the next.
StatusOr<Value> add_date(Frame&, Values args) {
    constexpr std::int64_t kMost = 1'000'000'000;
    const auto argument = [&](std::size_t i) {
        return std::clamp(args[i].as_int(), -kMost, kMost);
    };
    const TimeValue t = args[0].as_time();
    const CivilTime c = civil(args[0]);
    const std::int64_t months = c.month - 1 + argument(2);
    const std::int64_t years = months / 12 - (months % 12 < 0 ? 1 : 0);
    const auto new_month = static_cast<int>(months - years * 12) + 1;
    const std::int64_t days =
        days_from_civil(c.year + argument(1) + years, new_month, 1) + c.day - 1 + argument(3);
    const std::int64_t seconds = days * kSecondsPerDay + c.hour * 3600 + c.minute * 60 + c.second;
    return Value::time({t.zone->to_utc(seconds), t.nanos, t.zone});
}

template <std::int64_t Nanos>
StatusOr<Value> whole_units(Frame&, Values args) {
    return Value::int64(args[0].as_int() / Nanos);
}

template <std::int64_t Nanos>
StatusOr<Value> units(Frame&, Values args) {
    const std::int64_t d = args[0].as_int();
    return Value::float64(static_cast<double>(d / Nanos) +
                          static_cast<double>(d % Nanos) / static_cast<double>(Nanos));
}

constexpr Function kTimeMethods[] = {
    {.name = "Unix", .call = unix_seconds<1>, .signature = "t"},
    {.name = "UnixMilli", .call = unix_seconds<1'000>, .signature = "t"},
    {.name = "UnixMicro", .call = unix_seconds<1'000'000>, .signature = "t"},
    {.name = "UnixNano", .call = unix_seconds<kNanosPerSecond>, .signature = "t"},
    {.name = "Format", .call = format, .signature = "ts"},
    {.name = "String", .call = to_text, .signature = "t"},
    {.name = "Year", .call = field<&CivilTime::year>, .signature = "t"},
    {.name = "Month", .call = month, .signature = "t"},
    {.name = "Day", .call = field<&CivilTime::day>, .signature = "t"},
    {.name = "Hour", .call = field<&CivilTime::hour>, .signature = "t"},
    {.name = "Minute", .call = field<&CivilTime::minute>, .signature = "t"},
    {.name = "Second", .call = field<&CivilTime::second>, .signature = "t"},
    {.name = "Nanosecond", .call = nanosecond, .signature = "t"},
    {.name = "YearDay", .call = field<&CivilTime::year_day>, .signature = "t"},
    {.name = "Weekday", .call = weekday, .signature = "t"},
    {.name = "IsZero", .call = is_zero, .signature = "t"},
    {.name = "UTC", .call = utc, .signature = "t"},
    {.name = "Local", .call = local, .signature = "t"},
    {.name = "Before", .call = before, .signature = "tt"},
    {.name = "After", .call = after, .signature = "tt"},
    {.name = "Equal", .call = equal, .signature = "tt"},
    {.name = "Compare", .call = compare, .signature = "tt"},
    {.name = "Sub", .call = sub, .signature = "tt"},
    {.name = "Add", .call = time_add, .signature = "td"},
    {.name = "AddDate", .call = add_date, .signature = "tiii"},
};

constexpr Function kDurationMethods[] = {
    {.name = "Hours", .call = units<3600 * kNanosPerSecond>, .signature = "d"},
    {.name = "Minutes", .call = units<60 * kNanosPerSecond>, .signature = "d"},
    {.name = "Seconds", .call = units<kNanosPerSecond>, .signature = "d"},
    {.name = "Milliseconds", .call = whole_units<kNanosPerMilli>, .signature = "d"},
    {.name = "Microseconds", .call = whole_units<kNanosPerMicro>, .signature = "d"},
    {.name = "Nanoseconds", .call = whole_units<1>, .signature = "d"},
    {.name = "String", .call = to_text, .signature = "d"},
};

constexpr Function kNameMethods[] = {
    {.name = "String", .call = to_text, .signature = "a"},
};

absl::Span<const Function> methods_of(Kind kind) {
    switch (kind) {
        case Kind::kTime:
            return kTimeMethods;
        case Kind::kDuration:
            return kDurationMethods;
        case Kind::kMonth:
        case Kind::kWeekday:
            return kNameMethods;
        default:
            return {};
    }
}

}  // namespace

const Function* find_method(Kind kind, std::string_view name) {
    const auto methods = methods_of(kind);
    const auto it = std::find_if(
        methods.begin(), methods.end(), [&](const Function& f) { return f.name == name; });
    return it == methods.end() ? nullptr : &*it;
}

}  // namespace logi::tmpl
