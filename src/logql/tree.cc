#include "logql/tree.h"

namespace logi::logql {
namespace {

template <typename Node>
Node copy(const Node& node) {
    return node;
}

VectorAggregation copy(const VectorAggregation& node) {
    return {node.op, node.parameter, node.grouping, clone(*node.inner)};
}

LabelReplace copy(const LabelReplace& node) {
    return {clone(*node.inner), node.destination, node.replacement, node.source, node.regex};
}

BinaryExpr copy(const BinaryExpr& node) {
    return {node.op, node.return_bool, node.matching, clone(*node.left), clone(*node.right)};
}

}  // namespace

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

ExprPtr clone(const Expr& expr) {
    return std::visit([](const auto& node) { return std::make_unique<Expr>(Expr{copy(node)}); },
                      expr.node);
}

}  // namespace logi::logql
