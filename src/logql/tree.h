// Helpers on the tree.
#pragma once

#include "logql/ast.h"

#include <functional>

namespace logi::logql {

// Every range aggregation, from left to right.
void for_each_range(const Expr& expr, const std::function<void(const RangeAggregation&)>& f);

}  // namespace logi::logql
