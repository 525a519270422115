// Log queries: the first entries of a range, in either direction, that pass a pipeline.
#pragma once

#include "query/explain.h"
#include "query/query.h"

namespace logi::query {

// What a row takes.
[[nodiscard]] std::int64_t memory_bytes(const LogRow& row);

void run_log_query(io::Executor& executor,
                   exec::Sources sources,
                   const Prepared& query,
                   const Limits& limits,
                   io::CancelToken cancel,
                   std::function<void(StatusOr<Result>)> done);

// What run_log_query() would read, were there no limit.
StatusOr<ReadPlan> explain_log_query(const exec::Sources& sources, const Prepared& query);

}  // namespace logi::query
