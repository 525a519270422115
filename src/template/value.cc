#include "template/value.h"

#include <algorithm>
#include <type_traits>

namespace logi::tmpl {

static_assert(std::is_trivially_copyable_v<Value> && sizeof(Value) == 24);

TimeValue TimeValue::from(Timestamp t, const Zone* zone) {
    std::int64_t seconds = t.ns / kNanosPerSecond;
    std::int64_t nanos = t.ns % kNanosPerSecond;
    if (nanos < 0) {
        --seconds;
        nanos += kNanosPerSecond;
    }
    return {seconds, static_cast<std::int32_t>(nanos), zone};
}

std::int64_t since_1970(const TimeValue& time, std::int64_t per_second) {
    const auto whole =
        static_cast<std::uint64_t>(time.seconds) * static_cast<std::uint64_t>(per_second);
    return static_cast<std::int64_t>(
        whole + static_cast<std::uint64_t>(time.nanos / (kNanosPerSecond / per_second)));
}

Value Value::float64(double v) {
    Value r(Kind::kFloat64, 0);
    r.u_.number = v;
    return r;
}

Value Value::string(std::string_view v) {
    Value r(Kind::kString, 0);
    r.u_.chars = v.data();
    r.size_ = v.size();
    return r;
}

Value Value::list(absl::Span<const Value> v) {
    Value r(Kind::kList, 0);
    r.u_.items = v.data();
    r.size_ = v.size();
    return r;
}

Value Value::map(absl::Span<const MapEntry> v) {
    Value r(Kind::kMap, 0);
    r.u_.entries = v.data();
    r.size_ = v.size();
    return r;
}

Value Value::labels(absl::Span<const MapEntry> v) {
    Value r = map(v);
    r.kind_ = Kind::kLabels;
    return r;
}

Value Value::time(const TimeValue& v) {
    Value r(Kind::kTime, v.seconds);
    r.nanos_ = v.nanos;
    r.zone_ = v.zone;
    return r;
}

absl::Span<const MapEntry> Value::as_map() const {
    return {u_.entries, size_};
}

TimeValue Value::as_time() const {
    return {u_.integer, nanos_, zone_};
}

std::string_view Value::type_name() const {
    switch (kind_) {
        case Kind::kNone:
        case Kind::kNil:
            return "interface {}";
        case Kind::kBool:
            return "bool";
        case Kind::kInt:
            return "int";
        case Kind::kInt64:
            return "int64";
        case Kind::kUint8:
            return "uint8";
        case Kind::kFloat64:
            return "float64";
        case Kind::kString:
            return "string";
        case Kind::kList:
            return "[]interface {}";
        case Kind::kMap:
            return "map[string]interface {}";
        case Kind::kLabels:
            return "map[string]string";
        case Kind::kTime:
            return "time.Time";
        case Kind::kDuration:
            return "time.Duration";
        case Kind::kMonth:
            return "time.Month";
        case Kind::kWeekday:
            return "time.Weekday";
    }
    return "";
}

const Value* find_key(absl::Span<const MapEntry> map, std::string_view key) {
    const auto at =
        std::lower_bound(map.begin(), map.end(), key, [](const MapEntry& e, std::string_view k) {
            return e.key < k;
        });
    return at != map.end() && at->key == key ? &at->value : nullptr;
}

}  // namespace logi::tmpl
