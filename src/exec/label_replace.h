// label_replace: one label of every series from another, through a regular expression.
#pragma once

#include "base/status.h"
#include "exec/memory_budget.h"
#include "exec/steps.h"
#include "logql/ast.h"

namespace logi::exec {

// Where the whole value of the source label matches, the destination becomes the expanded
// replacement, or is removed if that is empty. kInvalidArgument if the expression does not compile,
// kResourceExhausted when the new values, which are charged to `budget`, are too large.
Status replace_labels(const logql::LabelReplace& node, StepVector& series, MemoryBudget& budget);

}  // namespace logi::exec
