#include "query/rewrite.h"

namespace logi::query {
namespace {

using logql::ExprPtr;

template <typename Node>
ExprPtr make(Node node) {
    auto expr = std::make_unique<logql::Expr>();
    expr->node = std::move(node);
    return expr;
}

ExprPtr sum_of(logql::RangeAggregation range, logql::Grouping grouping) {
    logql::VectorAggregation sum;
    sum.op = logql::VectorOp::kSum;
    sum.grouping = std::move(grouping);
    sum.inner = make(std::move(range));
    return make(std::move(sum));
}

ExprPtr average(const logql::RangeAggregation& range) {
    logql::RangeAggregation values = range;
    values.op = logql::RangeOp::kSumOverTime;
    values.grouping.reset();
    logql::RangeAggregation lines = values;
    lines.op = logql::RangeOp::kCountOverTime;
    lines.unwrap.reset();
    logql::Grouping grouping = *range.grouping;
    if (grouping.without) {
        grouping.labels.push_back(range.unwrap->label);  // no label of the values' series
    }
    logql::BinaryExpr quotient;
    quotient.op = logql::BinaryOp::kDiv;
    quotient.left = sum_of(std::move(values), grouping);
    quotient.right = sum_of(std::move(lines), grouping);
    return make(std::move(quotient));
}

}  // namespace

ExprPtr rewrite(ExprPtr expr) {
    if (const auto* range = std::get_if<logql::RangeAggregation>(&expr->node)) {
        const bool grouped_average = range->op == logql::RangeOp::kAvgOverTime &&
                                     range->grouping.has_value() && range->unwrap.has_value();
        return grouped_average ? average(*range) : std::move(expr);
    }
    if (auto* vector = std::get_if<logql::VectorAggregation>(&expr->node)) {
        vector->inner = rewrite(std::move(vector->inner));
    } else if (auto* replace = std::get_if<logql::LabelReplace>(&expr->node)) {
        replace->inner = rewrite(std::move(replace->inner));
    } else if (auto* binary = std::get_if<logql::BinaryExpr>(&expr->node)) {
        binary->left = rewrite(std::move(binary->left));
        binary->right = rewrite(std::move(binary->right));
    }
    return expr;
}

}  // namespace logi::query
