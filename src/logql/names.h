// The words of LogQL for the operations of the tree; reader and printer share them.
#pragma once

#include "logql/ast.h"

#include <array>
#include <optional>
#include <string_view>

namespace logi::logql {

// In the order of the enumerators.
inline constexpr std::array<std::string_view, 15> kRangeOps = {"count_over_time",
                                                               "rate",
                                                               "rate_counter",
                                                               "bytes_over_time",
                                                               "bytes_rate",
                                                               "absent_over_time",
                                                               "sum_over_time",
                                                               "avg_over_time",
                                                               "min_over_time",
                                                               "max_over_time",
                                                               "stddev_over_time",
                                                               "stdvar_over_time",
                                                               "quantile_over_time",
                                                               "first_over_time",
                                                               "last_over_time"};
inline constexpr std::array<std::string_view, 12> kVectorOps = {"sum",
                                                                "avg",
                                                                "min",
                                                                "max",
                                                                "count",
                                                                "stddev",
                                                                "stdvar",
                                                                "topk",
                                                                "bottomk",
                                                                "approx_topk",
                                                                "sort",
                                                                "sort_desc"};
inline constexpr std::array<std::string_view, 15> kBinaryOps = {
    "or", "and", "unless", "==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%", "^"};
inline constexpr std::array<std::string_view, 6> kFilterOps = {"|=", "!=", "|~", "!~", "|>", "!>"};
inline constexpr std::array<std::string_view, 6> kCompareOps = {"==", "!=", ">", ">=", "<", "<="};
// None, bytes, duration, duration_seconds.
inline constexpr std::array<std::string_view, 4> kConversions = {
    "", "bytes", "duration", "duration_seconds"};

template <typename Op, std::size_t N>
[[nodiscard]] constexpr std::string_view name_of(const std::array<std::string_view, N>& names,
                                                 Op op) {
    return names.at(static_cast<std::size_t>(op));
}

template <typename Op, std::size_t N>
[[nodiscard]] constexpr std::optional<Op> op_of(const std::array<std::string_view, N>& names,
                                                std::string_view name) {
    for (std::size_t i = 0; i < N; ++i) {
        if (names.at(i) == name) {
            return static_cast<Op>(i);
        }
    }
    return std::nullopt;
}

// How strongly an operator binds; all bind to the left but ^.
[[nodiscard]] constexpr int precedence(BinaryOp op) {
    switch (op) {
        case BinaryOp::kOr:
            return 1;
        case BinaryOp::kAnd:
        case BinaryOp::kUnless:
            return 2;
        case BinaryOp::kEqual:
        case BinaryOp::kNotEqual:
        case BinaryOp::kLess:
        case BinaryOp::kLessEqual:
        case BinaryOp::kGreater:
        case BinaryOp::kGreaterEqual:
            return 3;
        case BinaryOp::kAdd:
        case BinaryOp::kSub:
            return 4;
        case BinaryOp::kMul:
        case BinaryOp::kDiv:
        case BinaryOp::kMod:
            return 5;
        case BinaryOp::kPow:
            break;
    }
    return 6;
}

[[nodiscard]] constexpr bool is_set_op(BinaryOp op) {
    return op == BinaryOp::kOr || op == BinaryOp::kAnd || op == BinaryOp::kUnless;
}

}  // namespace logi::logql
