// What a template computes with: the Go types that can occur in one.
#pragma once

#include "absl/types/span.h"
#include "base/time.h"

#include <cstdint>
#include <string_view>

namespace logi::tmpl {

class Value;
class Zone;
struct MapEntry;

enum class Kind : std::uint8_t {
    kNone,  // no value at all: data that was not given
    kNil,   // the nil interface value, as JSON's null
    kBool,
    kInt,    // int: literals, len
    kInt64,  // int64: what add, mul… give; not an int, as in Go
    kUint8,  // a byte of a string
    kFloat64,
    kString,
    kList,    // []interface {}
    kMap,     // map[string]interface {}, sorted by key
    kLabels,  // map[string]string: the labels of the entry
    kTime,    // time.Time
    kDuration,
    kMonth,
    kWeekday,  // Go's integer types that print as words
};

// A point in time as Go has it: any second, and the zone that it is shown in.
struct TimeValue {
    std::int64_t seconds = 0;  // since 1970
    std::int32_t nanos = 0;    // 0 … 999'999'999
    const Zone* zone = nullptr;

    static TimeValue from(Timestamp t, const Zone* zone);
    friend bool operator==(const TimeValue& a, const TimeValue& b) {
        return a.seconds == b.seconds && a.nanos == b.nanos;
    }
};

// Seconds, milliseconds… since 1970; wraps around as Go's int64 does.
[[nodiscard]] std::int64_t since_1970(const TimeValue& time, std::int64_t per_second);

// Small, trivially copied. Strings, lists and maps are views of memory that lives as long as the
// execution (its arena, the template, the entry's labels).
class Value {
  public:
    Value() = default;
    static Value nil() { return Value(Kind::kNil, 0); }
    static Value boolean(bool v) { return {Kind::kBool, v ? 1 : 0}; }
    static Value integer(std::int64_t v) { return {Kind::kInt, v}; }
    static Value int64(std::int64_t v) { return {Kind::kInt64, v}; }
    static Value byte(unsigned char v) { return {Kind::kUint8, v}; }
    // kDuration (nanoseconds), kMonth (1…12) or kWeekday (0…6).
    static Value named(Kind kind, std::int64_t v) { return {kind, v}; }
    static Value float64(double v);
    static Value string(std::string_view v);
    static Value list(absl::Span<const Value> v);
    static Value map(absl::Span<const MapEntry> v);
    // Labels whose entries are not looked at yet, and the same with them.
    static Value labels() { return {Kind::kLabels, 0}; }
    static Value labels(absl::Span<const MapEntry> v);  // v.data() is not null
    static Value time(const TimeValue& v);

    [[nodiscard]] Kind kind() const { return kind_; }
    [[nodiscard]] bool is(Kind k) const { return kind_ == k; }
    [[nodiscard]] bool is_nil() const { return kind_ <= Kind::kNil; }
    [[nodiscard]] bool is_signed_int() const {
        return kind_ == Kind::kInt || kind_ == Kind::kInt64 || kind_ >= Kind::kDuration;
    }
    // Labels of which the entries are there.
    [[nodiscard]] bool has_entries() const { return is_map() && u_.entries != nullptr; }
    [[nodiscard]] bool is_map() const { return kind_ == Kind::kMap || kind_ == Kind::kLabels; }

    // Each only for its kinds.
    [[nodiscard]] bool as_bool() const { return u_.integer != 0; }
    [[nodiscard]] std::int64_t as_int() const { return u_.integer; }
    [[nodiscard]] double as_double() const { return u_.number; }
    [[nodiscard]] std::string_view as_string() const { return {u_.chars, size_}; }
    [[nodiscard]] absl::Span<const Value> as_list() const { return {u_.items, size_}; }
    [[nodiscard]] absl::Span<const MapEntry> as_map() const;
    [[nodiscard]] TimeValue as_time() const;

    // Held in an interface value, as the elements of JSON's lists and maps are: Go's error texts
    // then name the type interface {}.
    [[nodiscard]] bool boxed() const { return boxed_; }
    [[nodiscard]] Value boxed(bool on) const {
        Value v = *this;
        v.boxed_ = on;
        return v;
    }
    // Takes it out of its interface value: nil becomes no value.
    [[nodiscard]] Value unboxed() const { return is(Kind::kNil) ? Value() : boxed(false); }

    // The same integer type with another value.
    [[nodiscard]] Value with_int(std::int64_t v) const { return {kind_, v}; }

    // "string", "[]interface {}"… as Go's %T.
    [[nodiscard]] std::string_view type_name() const;

  private:
    Value(Kind kind, std::int64_t v) : kind_(kind), u_{.integer = v} {}
    Kind kind_ = Kind::kNone;
    bool boxed_ = false;
    std::int32_t nanos_ = 0;
    union {
        std::int64_t integer;
        double number;
        const char* chars;
        const Value* items;
        const MapEntry* entries;
    } u_ = {.integer = 0};
    union {
        std::size_t size_ = 0;
        const Zone* zone_;
    };
};

struct MapEntry {
    std::string_view key;
    Value value;
};

// The entry with that key, or null. `map` is sorted by key.
[[nodiscard]] const Value* find_key(absl::Span<const MapEntry> map, std::string_view key);

}  // namespace logi::tmpl
