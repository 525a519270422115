// eq, ne, lt, le, gt, ge.
#include "absl/strings/str_cat.h"
#include "template/format.h"
#include "template/frame.h"
#include "template/function.h"

#include <compare>
#include <string>

namespace logi::tmpl {
namespace {

using Values = absl::Span<const Value>;

enum class Basic { kOther, kBool, kInt, kFloat, kString, kUint };

Basic basic_kind(const Value& v) {
    switch (v.kind()) {
        case Kind::kBool:
            return Basic::kBool;
        case Kind::kInt:
        case Kind::kInt64:
        case Kind::kDuration:
        case Kind::kMonth:
        case Kind::kWeekday:
            return Basic::kInt;
        case Kind::kUint8:
            return Basic::kUint;
        case Kind::kFloat64:
            return Basic::kFloat;
        case Kind::kString:
            return Basic::kString;
        default:
            return Basic::kOther;
    }
}

bool is_integer(Basic kind) {
    return kind == Basic::kInt || kind == Basic::kUint;
}

Status incompatible(const Value& a, const Value& b) {
    return absl::InvalidArgumentError(absl::StrCat("incompatible types for comparison: ",
                                                   std::string(a.type_name()),
                                                   " and ",
                                                   std::string(b.type_name())));
}

Status invalid_type() {
    return absl::InvalidArgumentError("invalid type for comparison");
}

// Values that are neither numbers nor strings: times by their parts, nothing else but nil.
StatusOr<bool> equal_others(const Value& a, const Value& b) {
    if (a.is_nil() || b.is_nil()) {
        return a.is_nil() == b.is_nil();
    }
    if (a.is(Kind::kTime) && b.is(Kind::kTime)) {
        return a.as_time() == b.as_time() && a.as_time().zone == b.as_time().zone;
    }
    const bool comparable_kinds = a.kind() == b.kind() || (a.is_map() && b.is_map());
    if (!comparable_kinds) {
        return absl::InvalidArgumentError(absl::StrCat("non-comparable types ",
                                                       value_text(a),
                                                       ": ",
                                                       std::string(a.type_name()),
                                                       ", ",
                                                       std::string(b.type_name()),
                                                       ": ",
                                                       value_text(b)));
    }
    return absl::InvalidArgumentError(
        absl::StrCat("non-comparable type ", value_text(b), ": ", std::string(b.type_name())));
}

StatusOr<bool> equal(const Value& a, const Value& b) {
    const Basic kind_a = basic_kind(a);
    const Basic kind_b = basic_kind(b);
    if (is_integer(kind_a) && is_integer(kind_b)) {
        return a.as_int() == b.as_int();
    }
    if (kind_a != kind_b) {
        return a.is_nil() || b.is_nil() ? StatusOr<bool>(false) : incompatible(a, b);
    }
    switch (kind_a) {
        case Basic::kBool:
            return a.as_bool() == b.as_bool();
        case Basic::kFloat:
            return a.as_double() == b.as_double();
        case Basic::kString:
            return a.as_string() == b.as_string();
        default:
            return equal_others(a, b);
    }
}

StatusOr<std::partial_ordering> compare(const Value& a, const Value& b) {
    const Basic kind_a = basic_kind(a);
    const Basic kind_b = basic_kind(b);
    if (kind_a == Basic::kOther || kind_b == Basic::kOther) {
        return invalid_type();
    }
    if (is_integer(kind_a) && is_integer(kind_b)) {
        return std::partial_ordering(a.as_int() <=> b.as_int());
    }
    if (kind_a != kind_b) {
        return incompatible(a, b);
    }
    switch (kind_a) {
        case Basic::kFloat:
            return a.as_double() <=> b.as_double();
        case Basic::kString:
            return std::partial_ordering(a.as_string() <=> b.as_string());
        default:
            return invalid_type();
    }
}

// The labels as a whole can be compared with nothing, but error texts show them.
StatusOr<std::vector<Value>> resolved(Frame& frame, Values args) {
    std::vector<Value> values(args.begin(), args.end());
    for (Value& value : values) {
        LOGI_ASSIGN_OR_RETURN(value, frame.resolved(value));
    }
    return values;
}

StatusOr<Value> eq(Frame& frame, Values args) {
    if (args.size() < 2) {
        return absl::InvalidArgumentError("missing argument for comparison");
    }
    LOGI_ASSIGN_OR_RETURN(const auto values, resolved(frame, args));
    for (std::size_t i = 1; i < values.size(); ++i) {
        LOGI_ASSIGN_OR_RETURN(const bool same, equal(values[0], values[i]));
        if (same) {
            return Value::boolean(true);
        }
    }
    return Value::boolean(false);
}

StatusOr<Value> ne(Frame& frame, Values args) {
    LOGI_ASSIGN_OR_RETURN(const Value same, eq(frame, args));
    return Value::boolean(!same.as_bool());
}

StatusOr<Value> lt(Frame&, Values args) {
    LOGI_ASSIGN_OR_RETURN(const auto order, compare(args[0], args[1]));
    return Value::boolean(order < 0);
}

StatusOr<Value> le(Frame&, Values args) {
    LOGI_ASSIGN_OR_RETURN(const auto order, compare(args[0], args[1]));
    return Value::boolean(order <= 0);
}

// Go has gt as not le and ge as not lt, which shows with NaN.
StatusOr<Value> gt(Frame&, Values args) {
    LOGI_ASSIGN_OR_RETURN(const auto order, compare(args[0], args[1]));
    return Value::boolean(!(order <= 0));
}

StatusOr<Value> ge(Frame&, Values args) {
    LOGI_ASSIGN_OR_RETURN(const auto order, compare(args[0], args[1]));
    return Value::boolean(!(order < 0));
}

constexpr Function kComparisonFunctions[] = {
    {.name = "eq", .call = eq, .signature = "vv*"},
    {.name = "ne", .call = ne, .signature = "vv"},
    {.name = "lt", .call = lt, .signature = "vv"},
    {.name = "le", .call = le, .signature = "vv"},
    {.name = "gt", .call = gt, .signature = "vv"},
    {.name = "ge", .call = ge, .signature = "vv"},
};

}  // namespace

absl::Span<const Function> comparison_functions() {
    return kComparisonFunctions;
}

}  // namespace logi::tmpl
