#include "query/evaluate.h"

#include "exec/label_replace.h"
#include "exec/vector_aggregate.h"

#include <numeric>

namespace logi::query {
namespace {

using logql::Expr;

exec::StepSeries constant(double value, std::size_t step_count) {
    exec::StepSeries series;
    series.steps.resize(step_count);
    std::iota(series.steps.begin(), series.steps.end(), 0U);
    series.values.assign(step_count, value);
    return series;
}

// Labels of equality matchers; a name that has another matcher as well tells nothing.
Labels labels_of_selector(const std::vector<Matcher>& matchers) {
    std::map<std::string, std::vector<const Matcher*>> by_name;
    for (const Matcher& m : matchers) {
        by_name[m.name()].push_back(&m);
    }
    std::vector<LabelPair> pairs;
    for (const auto& [name, list] : by_name) {
        if (list.size() == 1 && list.front()->op() == MatchOp::kEqual) {
            pairs.push_back({name, list.front()->value()});
        }
    }
    return Labels::from_pairs(std::move(pairs));
}

// 1 at the steps whose windows hold no sample.
exec::StepVector absences(const logql::RangeAggregation& range,
                          const exec::StepVector& counts,
                          std::size_t step_count) {
    std::vector<bool> present(step_count, false);
    for (const auto& series : counts) {
        for (const std::uint32_t step : series.steps) {
            present[step] = true;
        }
    }
    exec::StepSeries absent{labels_of_selector(range.log.matchers), {}, {}};
    for (std::uint32_t step = 0; step < step_count; ++step) {
        if (!present[step]) {
            absent.add(step, 1);
        }
    }
    return {std::move(absent)};
}

class Evaluator {
  public:
    Evaluator(LeafValues& leaves, std::size_t step_count, bool instant, exec::MemoryBudget& budget)
        : leaves_(leaves), step_count_(step_count), instant_(instant), budget_(budget) {}

    StatusOr<exec::Value> operator()(const logql::LogExpr&) const {
        return absl::InvalidArgumentError(
            "parse error : a log query cannot be part of a metric query");
    }
    StatusOr<exec::Value> operator()(const logql::RangeAggregation& range) const {
        exec::StepVector values = std::move(leaves_[&range]);
        if (range.op == logql::RangeOp::kAbsentOverTime) {
            values = absences(range, values, step_count_);
        }
        return exec::Value{false, 0, std::move(values)};
    }
    StatusOr<exec::Value> operator()(const logql::VectorAggregation& node) const {
        LOGI_ASSIGN_OR_RETURN(exec::Value inner,
                              evaluate(*node.inner, leaves_, step_count_, instant_, budget_));
        if (inner.scalar) {
            inner.series.push_back(constant(inner.number, step_count_));
        }
        if (node.op == logql::VectorOp::kApproxTopk && !instant_) {
            return absl::InternalError("count min sketches are only supported on instant queries");
        }
        return exec::Value{
            false, 0, exec::aggregate_vector(node, std::move(inner.series), step_count_)};
    }
    StatusOr<exec::Value> operator()(const logql::Literal& node) const {
        return exec::Value{true, node.value, {}};
    }
    StatusOr<exec::Value> operator()(const logql::VectorLiteral& node) const {
        return exec::Value{false, 0, {constant(node.value, step_count_)}};
    }
    StatusOr<exec::Value> operator()(const logql::LabelReplace& node) const {
        LOGI_ASSIGN_OR_RETURN(exec::Value inner,
                              evaluate(*node.inner, leaves_, step_count_, instant_, budget_));
        if (inner.scalar) {
            return absl::InvalidArgumentError("label_replace needs a vector, not a number");
        }
        LOGI_RETURN_IF_ERROR(exec::replace_labels(node, inner.series, budget_));
        return inner;
    }
    StatusOr<exec::Value> operator()(const logql::BinaryExpr& node) const {
        LOGI_ASSIGN_OR_RETURN(exec::Value left,
                              evaluate(*node.left, leaves_, step_count_, instant_, budget_));
        LOGI_ASSIGN_OR_RETURN(exec::Value right,
                              evaluate(*node.right, leaves_, step_count_, instant_, budget_));
        return exec::apply_binary(node, std::move(left), std::move(right), step_count_);
    }

  private:
    LeafValues& leaves_;
    const std::size_t step_count_;
    const bool instant_;
    exec::MemoryBudget& budget_;
};

}  // namespace

StatusOr<exec::Value> evaluate(const Expr& expr,
                               LeafValues& leaves,
                               std::size_t step_count,
                               bool instant,
                               exec::MemoryBudget& budget) {
    return std::visit(Evaluator(leaves, step_count, instant, budget), expr.node);
}

bool sorts(const Expr& expr) {
    if (const auto* vector = std::get_if<logql::VectorAggregation>(&expr.node)) {
        return vector->op == logql::VectorOp::kSort || vector->op == logql::VectorOp::kSortDesc ||
               sorts(*vector->inner);
    }
    if (const auto* replace = std::get_if<logql::LabelReplace>(&expr.node)) {
        return sorts(*replace->inner);
    }
    if (const auto* binary = std::get_if<logql::BinaryExpr>(&expr.node)) {
        return sorts(*binary->left) || sorts(*binary->right);
    }
    return false;
}

}  // namespace logi::query
