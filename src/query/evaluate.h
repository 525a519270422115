// The operators of a metric query above its range aggregations.
#pragma once

#include "exec/binary.h"
#include "exec/memory_budget.h"
#include "logql/ast.h"

#include <map>

namespace logi::query {

using LeafValues = std::map<const logql::RangeAggregation*, exec::StepVector>;

// Evaluates the tree over the values of its leaves, which it consumes. What it adds to them is
// charged to `budget`. Errors carry Loki's text.
StatusOr<exec::Value> evaluate(const logql::Expr& expr,
                               LeafValues& leaves,
                               std::size_t step_count,
                               bool instant,
                               exec::MemoryBudget& budget);

// Whether the order of an instant query's result is that of its values.
[[nodiscard]] bool sorts(const logql::Expr& expr);

}  // namespace logi::query
