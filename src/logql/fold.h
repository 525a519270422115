// Arithmetic on two numbers, as operators between samples do it.
#pragma once

#include "logql/ast.h"

namespace logi::logql {

// Division and remainder by zero are NaN, comparisons 0 or 1. Not for set operations.
[[nodiscard]] double fold(BinaryOp op, double left, double right);

}  // namespace logi::logql
