// Binary operators between numbers and vectors.
#pragma once

#include "base/status.h"
#include "exec/steps.h"
#include "logql/ast.h"

namespace logi::exec {

// A number, or series.
struct Value {
    bool scalar = false;
    double number = 0;
    StepVector series;
};

// `node` gives operator, bool and matching; its operands are not looked at. kInternal, with Loki's
// text, if series match more than once where they must not.
StatusOr<Value> apply_binary(const logql::BinaryExpr& node,
                             Value left,
                             Value right,
                             std::size_t step_count);

}  // namespace logi::exec
