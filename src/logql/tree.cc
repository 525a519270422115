#include "logql/tree.h"

namespace logi::logql {

void for_each_range(const Expr& expr, const std::function<void(const RangeAggregation&)>& f) {
    if (const auto* range = std::get_if<RangeAggregation>(&expr.node)) {
        f(*range);
    } else if (const auto* vector = std::get_if<VectorAggregation>(&expr.node)) {
        for_each_range(*vector->inner, f);
    } else if (const auto* replace = std::get_if<LabelReplace>(&expr.node)) {
        for_each_range(*replace->inner, f);
    } else if (const auto* binary = std::get_if<BinaryExpr>(&expr.node)) {
        for_each_range(*binary->left, f);
        for_each_range(*binary->right, f);
    }
}

}  // namespace logi::logql
