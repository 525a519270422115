// Arithmetic: add… on int64, addf… on decimals that end as float64.
#include "template/cast.h"
#include "template/decimal.h"
#include "template/frame.h"
#include "template/function.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace logi::tmpl {
namespace {

using Values = absl::Span<const Value>;

StatusOr<Value> as_int(Frame&, Values args) {
    return Value::integer(to_int(args[0]));
}

StatusOr<Value> as_float(Frame&, Values args) {
    return Value::float64(to_float(args[0]));
}

// --- Whole numbers, which wrap around ---

std::int64_t wrapping_add(std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}
std::int64_t wrapping_subtract(std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}
std::int64_t wrapping_multiply(std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b));
}
std::int64_t larger(std::int64_t a, std::int64_t b) {
    return std::max(a, b);
}
std::int64_t smaller(std::int64_t a, std::int64_t b) {
    return std::min(a, b);
}

template <std::int64_t (*Op)(std::int64_t, std::int64_t)>
StatusOr<Value> fold_ints(Frame&, Values args) {
    std::int64_t result = to_int(args[0]);
    for (const Value& arg : args.subspan(1)) {
        result = Op(result, to_int(arg));
    }
    return Value::int64(result);
}

StatusOr<Value> add(Frame& frame, Values args) {
    return args.empty() ? Value::int64(0) : fold_ints<wrapping_add>(frame, args);
}

Status division_by_zero() {
    return absl::InvalidArgumentError("runtime error: integer divide by zero");
}

StatusOr<Value> div(Frame&, Values args) {
    const std::int64_t by = to_int(args[1]);
    if (by == 0) {
        return division_by_zero();
    }
    const std::int64_t v = to_int(args[0]);
    return Value::int64(by == -1 ? wrapping_subtract(0, v) : v / by);
}

StatusOr<Value> mod(Frame&, Values args) {
    const std::int64_t by = to_int(args[1]);
    if (by == 0) {
        return division_by_zero();
    }
    return Value::int64(by == -1 ? 0 : to_int(args[0]) % by);
}

// --- Decimals ---

template <Status (Decimal::*Op)(const Decimal&)>
StatusOr<Value> fold_decimals(double first, Values rest) {
    LOGI_ASSIGN_OR_RETURN(Decimal result, Decimal::from(first));
    for (const Value& arg : rest) {
        LOGI_ASSIGN_OR_RETURN(const Decimal operand, Decimal::from(to_float(arg)));
        LOGI_RETURN_IF_ERROR((result.*Op)(operand));
    }
    return Value::float64(result.to_double());
}

StatusOr<Value> addf(Frame&, Values args) {
    return fold_decimals<&Decimal::add>(0, args);
}

template <Status (Decimal::*Op)(const Decimal&)>
StatusOr<Value> from_first(Frame&, Values args) {
    return fold_decimals<Op>(to_float(args[0]), args.subspan(1));
}

// --- Floats ---

// Go's order: an infinity wins over NaN, NaN over numbers, +0 is more than -0.
double go_max(double a, double b) {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    if (a == kInfinity || b == kInfinity) {
        return kInfinity;
    }
    if (std::isnan(a) || std::isnan(b)) {
        return std::numeric_limits<double>::quiet_NaN();
    }
    if (a == 0 && b == 0) {
        return std::signbit(a) ? b : a;
    }
    return std::max(a, b);
}

double go_min(double a, double b) {
    return -go_max(-a, -b);
}

template <double (*Op)(double, double)>
StatusOr<Value> fold_floats(Frame&, Values args) {
    double result = to_float(args[0]);
    for (const Value& arg : args.subspan(1)) {
        result = Op(result, to_float(arg));
    }
    return Value::float64(result);
}

StatusOr<Value> ceil(Frame&, Values args) {
    return Value::float64(std::ceil(to_float(args[0])));
}

StatusOr<Value> floor(Frame&, Values args) {
    return Value::float64(std::floor(to_float(args[0])));
}

// Up if the fraction reaches the cut, .5 unless given. The fraction has the number's sign, so
// negative numbers always go down.
StatusOr<Value> round(Frame&, Values args) {
    const double cut = args.size() > 2 ? args[2].as_double() : 0.5;
    const double power = std::pow(10, static_cast<double>(args[1].as_int()));
    const double digits = power * to_float(args[0]);
    const double fraction =
        std::isinf(digits) ? std::numeric_limits<double>::quiet_NaN() : digits - std::trunc(digits);
    return Value::float64((fraction >= cut ? std::ceil(digits) : std::floor(digits)) / power);
}

constexpr Function kMathFunctions[] = {
    {.name = "int", .call = as_int, .signature = "a"},
    {.name = "float64", .call = as_float, .signature = "a"},
    {.name = "add", .call = add, .signature = "a*"},
    {.name = "sub", .call = fold_ints<wrapping_subtract>, .signature = "aa"},
    {.name = "mul", .call = fold_ints<wrapping_multiply>, .signature = "aa*"},
    {.name = "div", .call = div, .signature = "aa"},
    {.name = "mod", .call = mod, .signature = "aa"},
    {.name = "max", .call = fold_ints<larger>, .signature = "aa*"},
    {.name = "min", .call = fold_ints<smaller>, .signature = "aa*"},
    {.name = "addf", .call = addf, .signature = "a*"},
    {.name = "subf", .call = from_first<&Decimal::subtract>, .signature = "aa*"},
    {.name = "mulf", .call = from_first<&Decimal::multiply>, .signature = "aa*"},
    {.name = "divf", .call = from_first<&Decimal::divide>, .signature = "aa*"},
    {.name = "maxf", .call = fold_floats<go_max>, .signature = "aa*"},
    {.name = "minf", .call = fold_floats<go_min>, .signature = "aa*"},
    {.name = "ceil", .call = ceil, .signature = "a"},
    {.name = "floor", .call = floor, .signature = "a"},
    {.name = "round", .call = round, .signature = "aif*"},
};

}  // namespace

absl::Span<const Function> math_functions() {
    return kMathFunctions;
}

}  // namespace logi::tmpl
