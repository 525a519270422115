// label_replace: one label of every series from another, through a regular expression.
#pragma once

#include "base/status.h"
#include "exec/steps.h"
#include "logql/ast.h"

namespace logi::exec {

// Where the whole value of the source label matches, the destination becomes the expanded
// replacement, or is removed if that is empty. kInvalidArgument if the expression does not compile.
Status replace_labels(const logql::LabelReplace& node, StepVector& series);

}  // namespace logi::exec
