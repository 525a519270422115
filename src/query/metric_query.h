// Metric queries: range aggregations first, then the operators above them.
#pragma once

#include "logql/ast.h"
#include "query/query.h"
#include "query/range_scan.h"

namespace logi::query {

void run_metric_query(io::Executor& executor,
                      exec::Sources sources,
                      const Request& request,
                      std::shared_ptr<const logql::Expr> expr,
                      const Limits& limits,
                      io::CancelToken cancel,
                      std::function<void(StatusOr<Result>)> done);

// The filters of a log expression as the scan takes them.
StatusOr<exec::ScanSpec> scan_spec(const logql::LogExpr& log, Timestamp first, Timestamp last);

// Evaluation times of a request. Aligned range queries begin at a multiple of the step at or before
// `start` and end at one at or after `end`, as Loki's do.
[[nodiscard]] Steps steps_of(const Request& request);

// Calls `f` with every range aggregation of the tree.
void for_each_range(const logql::Expr& expr,
                    const std::function<void(const logql::RangeAggregation&)>& f);

}  // namespace logi::query
