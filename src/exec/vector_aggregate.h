// Vector aggregations: sum, avg, topk … over the series of each step.
#pragma once

#include "exec/steps.h"
#include "logql/ast.h"

namespace logi::exec {

// `node.inner` is not looked at: `input` holds its series. topk and bottomk order equal values by
// labels. sort and sort_desc order series by their value at the first step, NaN last.
[[nodiscard]] StepVector aggregate_vector(const logql::VectorAggregation& node,
                                          StepVector input,
                                          std::size_t step_count);

}  // namespace logi::exec
