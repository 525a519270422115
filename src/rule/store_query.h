// Queries of rules over a store, by the path and within the limits that the API's have.
#pragma once

#include "base/metrics.h"
#include "ingest/store.h"
#include "io/clock.h"
#include "io/executor.h"
#include "query/fair_queue.h"
#include "query/query.h"
#include "rule/group_run.h"

#include <functional>

namespace logi::rule {

// Thread-safe.
class StoreQuery {
  public:
    // All must outlive what the executor still runs, as must this.
    StoreQuery(ingest::Store& store,
               io::Executor& executor,
               const io::Clock& clock,
               base::Registry& metrics)
        : store_(store), executor_(executor), clock_(clock), turns_(executor, clock, metrics, 0) {}

    // As rule::Query. kInvalidArgument: the query, or a limit; kUnavailable: the answer would lack
    // something; kDeadlineExceeded: query_timeout of the tenant.
    void ask(QueryRequest request, std::function<void(StatusOr<Samples>)> done);

  private:
    void run(const query::Prepared& prepared,
             const std::shared_ptr<io::Executor>& reading,
             QueryRequest request,
             std::function<void(StatusOr<Samples>)> done);

    ingest::Store& store_;
    io::Executor& executor_;
    const io::Clock& clock_;
    query::FairQueue turns_;
};

}  // namespace logi::rule
