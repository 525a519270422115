// Log queries: the first entries of a range, in either direction, that pass a pipeline.
#pragma once

#include "query/query.h"

namespace logi::query {

void run_log_query(io::Executor& executor,
                   exec::Sources sources,
                   const Prepared& query,
                   const Limits& limits,
                   io::CancelToken cancel,
                   std::function<void(StatusOr<Result>)> done);

}  // namespace logi::query
