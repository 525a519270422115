// Comparison of trees, for tests: independent of the printers.
#pragma once

#include "logql/ast.h"

namespace logi::logql {

// Whether both say the same in every field. NaN equals NaN, and -0 differs from 0.
[[nodiscard]] bool equal(const Expr& a, const Expr& b);

}  // namespace logi::logql
