// Rewriting of a query's tree before it is run.
#pragma once

#include "logql/ast.h"

namespace logi::query {

// avg_over_time with a grouping becomes a sum of values over a count of lines, as Loki does it: it
// divides by all lines that the pipeline passes, also those without a value.
logql::ExprPtr rewrite(logql::ExprPtr expr);

}  // namespace logi::query
