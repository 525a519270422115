// Helpers on the tree.
#pragma once

#include "logql/ast.h"

#include <functional>

namespace logi::logql {

// Every range aggregation, from left to right.
void for_each_range(const Expr& expr, const std::function<void(const RangeAggregation&)>& f);

// A copy that shares only label filters and compiled regular expressions, which never change.
[[nodiscard]] ExprPtr clone(const Expr& expr);

}  // namespace logi::logql
