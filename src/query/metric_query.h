// Metric queries: range aggregations first, then the operators above them.
#pragma once

#include "exec/steps.h"
#include "logql/ast.h"
#include "query/query.h"

namespace logi::query {

struct Spread;

void run_metric_query(io::Executor& executor,
                      exec::Sources sources,
                      const Request& request,
                      std::shared_ptr<const logql::Expr> expr,
                      const Limits& limits,
                      io::CancelToken cancel,
                      std::function<void(StatusOr<Result>)> done);

// The same, as run_spread().
void run_metric_query(std::shared_ptr<io::Executor> executor,
                      std::shared_ptr<const Spread> spread,
                      const Request& request,
                      std::shared_ptr<const logql::Expr> expr,
                      const Limits& limits,
                      io::CancelToken cancel,
                      std::function<void(StatusOr<Result>)> done);

// Evaluation times of a request. Aligned range queries begin at a multiple of the step at or before
// `start` and end at one at or after `end`, as Loki's do.
[[nodiscard]] exec::Steps steps_of(const Request& request);

[[nodiscard]] Duration longest_range(const logql::Expr& expr);

// The time that the query's range aggregations cover, both ends included; empty if it has none.
[[nodiscard]] std::optional<TimeRange> time_of_leaves(const logql::Expr& expr,
                                                      const exec::Steps& steps);

}  // namespace logi::query
