// What a metric expression is at one moment, and the operators on it.
#pragma once

#include "reference.h"

#include <optional>

namespace logi::reference {

struct Sample {
    LabelMap labels;
    double value = 0;
};
using Vector = std::vector<Sample>;

// A number, or samples.
struct Value {
    std::optional<double> number;
    Vector samples;
};

// sum, avg, topk …
Vector aggregate(const logql::VectorAggregation& node, const Vector& input);

// An error if samples match more than once where they must not.
StatusOr<Value> combine(const logql::BinaryExpr& node, const Value& left, const Value& right);

StatusOr<Vector> replace_label(const logql::LabelReplace& node, const Vector& input);

// ---- range aggregations

struct RangeSample;

// The value of a window; `window` is in the order of time and not empty.
double range_value(const logql::RangeAggregation& range,
                   const std::vector<const RangeSample*>& window);

}  // namespace logi::reference
