// What metrics tell of queries that ran.
#pragma once

#include "api/query_log.h"
#include "base/metrics.h"

namespace logi::api {

// `user` is the tenant, of several the first.
void count_query(base::Registry& metrics,
                 const std::string& user,
                 const ReadRecord& record,
                 const ReadOutcome& outcome);

}  // namespace logi::api
