// Dates, zones and durations.
#include "absl/strings/str_cat.h"
#include "fields/conversions.h"
#include "template/civil.h"
#include "template/frame.h"
#include "template/function.h"
#include "template/number.h"
#include "template/time_format.h"
#include "template/zone.h"

#include <string>

namespace logi::tmpl {
namespace {

using Values = absl::Span<const Value>;

StatusOr<Value> now(Frame& frame, Values) {
    return Value::time(TimeValue::from(frame.context().now(), Zone::local()));
}

// Times, and seconds since 1970; anything else stands for now.
StatusOr<Value> date(Frame& frame, Values args) {
    TimeValue time = TimeValue::from(frame.context().now(), Zone::local());
    if (args[1].is(Kind::kTime)) {
        time = args[1].as_time();
    } else if (args[1].is(Kind::kInt) || args[1].is(Kind::kInt64)) {
        time = {args[1].as_int(), 0, nullptr};
    }
    time.zone = Zone::local();
    return frame.written([&](Sink& out) { format_time(out, time, args[0].as_string()); });
}

StatusOr<Value> parsed_in(std::string_view layout, std::string_view text, const Zone* zone) {
    const auto time = parse_time(layout, text, zone);
    return Value::time(time ? *time : TimeValue{kZeroTimeSeconds, 0, Zone::utc()});
}

StatusOr<Value> to_date(Frame&, Values args) {
    return parsed_in(args[0].as_string(), args[1].as_string(), Zone::local());
}

StatusOr<Value> to_date_in_zone(Frame&, Values args) {
    const Zone* const zone = Zone::find(args[1].as_string());
    return parsed_in(
        args[0].as_string(), args[2].as_string(), zone != nullptr ? zone : Zone::utc());
}

template <std::int64_t PerSecond>
StatusOr<Value> unix_epoch(Frame& frame, Values args) {
    return frame.string(absl::StrCat(since_1970(args[0].as_time(), PerSecond)));
}

Value unix_time(std::int64_t whole, std::int64_t per_second) {
    std::int64_t seconds = whole / per_second;
    std::int64_t rest = whole % per_second;
    if (rest < 0) {
        --seconds;
        rest += per_second;
    }
    return Value::time(
        {seconds, static_cast<std::int32_t>(rest * (kNanosPerSecond / per_second)), Zone::local()});
}

// The length tells the unit: days, s, ms, µs or ns.
StatusOr<Value> unix_to_time(Frame&, Values args) {
    const std::string_view text = args[0].as_string();
    const std::string cannot = absl::StrCat("unable to parse time '", std::string(text), "': ");
    const auto parsed = parse_int(text, 10);
    if (!parsed.ok()) {
        return absl::InvalidArgumentError(
            absl::StrCat(cannot, number_error("ParseInt", text, parsed.error)));
    }
    switch (text.size()) {
        case 5:
            return unix_time(parsed.value * kSecondsPerDay, 1);
        case 10:
            return unix_time(parsed.value, 1);
        case 13:
            return unix_time(parsed.value, 1'000);
        case 16:
            return unix_time(parsed.value, 1'000'000);
        case 19:
            return unix_time(parsed.value, kNanosPerSecond);
        default:
            // What Go writes where there is no error to show.
            return absl::InvalidArgumentError(cannot + "%!w(<nil>)");
    }
}

StatusOr<Value> duration(Frame&, Values args) {
    Duration value;
    std::string error;
    if (!fields::parse_go_duration(args[0].as_string(), value, &error)) {
        return absl::InvalidArgumentError(error);
    }
    return Value::float64(fields::seconds_of(value));
}

StatusOr<Value> bytes(Frame&, Values args) {
    std::uint64_t size = 0;
    std::string error;
    if (!fields::parse_humanize_bytes(args[0].as_string(), size, &error)) {
        return absl::InvalidArgumentError(error);
    }
    return Value::float64(static_cast<double>(size));
}

constexpr Function kTimeFunctions[] = {
    {.name = "now", .call = now},
    {.name = "date", .call = date, .signature = "sa"},
    {.name = "toDate", .call = to_date, .signature = "ss"},
    {.name = "toDateInZone", .call = to_date_in_zone, .signature = "sss"},
    {.name = "unixEpoch", .call = unix_epoch<1>, .signature = "t"},
    {.name = "unixEpochMillis", .call = unix_epoch<1'000>, .signature = "t"},
    {.name = "unixEpochNanos", .call = unix_epoch<kNanosPerSecond>, .signature = "t"},
    {.name = "unixToTime", .call = unix_to_time, .signature = "s"},
    {.name = "duration", .call = duration, .signature = "s"},
    {.name = "duration_seconds", .call = duration, .signature = "s"},
    {.name = "bytes", .call = bytes, .signature = "s"},
};

}  // namespace

absl::Span<const Function> time_functions() {
    return kTimeFunctions;
}

}  // namespace logi::tmpl
