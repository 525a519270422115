// The typed tree of a LogQL query.
#pragma once

#include "base/time.h"
#include "model/matcher.h"

#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace logi::logql {

struct Expr;
using ExprPtr = std::unique_ptr<Expr>;

enum class FilterOp { kContains, kNotContains, kMatches, kNotMatches };

// |= "a" or "b"
struct LineFilterStage {
    FilterOp op = FilterOp::kContains;
    std::vector<std::string> any_of;
};

// {app="x"} |= "y"
struct LogExpr {
    std::vector<Matcher> matchers;
    std::vector<LineFilterStage> filters;
};

enum class RangeOp { kCountOverTime, kRate, kBytesOverTime, kBytesRate };

// rate({app="x"}[5m] offset 1m)
struct RangeAggregation {
    RangeOp op = RangeOp::kCountOverTime;
    LogExpr log;
    Duration range;
    Duration offset;
};

enum class VectorOp { kSum, kMin, kMax, kAvg, kCount };

struct Grouping {
    bool without = false;
    std::vector<std::string> labels;
};

// sum by (app) (…)
struct VectorAggregation {
    VectorOp op = VectorOp::kSum;
    Grouping grouping;
    ExprPtr inner;
};

struct Literal {
    double value = 0;
};

// vector(1)
struct VectorLiteral {
    double value = 0;
};

enum class BinaryOp { kAdd, kSub, kMul, kDiv };

struct BinaryExpr {
    BinaryOp op = BinaryOp::kAdd;
    ExprPtr left;
    ExprPtr right;
};

struct Expr {
    std::variant<LogExpr, RangeAggregation, VectorAggregation, Literal, VectorLiteral, BinaryExpr>
        node;
};

}  // namespace logi::logql
