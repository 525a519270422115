// Log queries: the newest or oldest rows of a scan.
#pragma once

#include "logql/ast.h"
#include "query/query.h"

namespace logi::query {

void run_log_query(io::Executor& executor,
                   exec::Sources sources,
                   const Request& request,
                   exec::ScanSpec spec,
                   io::CancelToken cancel,
                   std::function<void(StatusOr<Result>)> done);

}  // namespace logi::query
