// Log queries: the first entries of a range, in either direction, that pass a pipeline.
#pragma once

#include "exec/memory_budget.h"
#include "exec/stage.h"
#include "query/explain.h"
#include "query/query.h"

namespace logi::query {

// Makes rows of entries that have passed a pipeline. One thread at a time.
class RowMaker {
  public:
    // `stream` has the labels that the entry began with.
    LogRow make(const exec::Entry& entry, const std::shared_ptr<const Labels>& stream);

  private:
    std::vector<LabelPair> pairs_of(const exec::Entry& entry, exec::LabelCategory category);
    std::vector<MetadataView> sorted_;
};

// Whether it comes first in an answer: by time in the direction of the query, then by stream.
[[nodiscard]] bool comes_before(const LogRow& a, const LogRow& b, bool forward);

// What a row takes.
[[nodiscard]] std::int64_t memory_bytes(const LogRow& row);

// What is held for it is charged to `memory`, also that of other work, until `done` has the rows.
void run_log_query(io::Executor& executor,
                   exec::Sources sources,
                   const Prepared& query,
                   std::shared_ptr<exec::MemoryBudget> memory,
                   io::CancelToken cancel,
                   std::function<void(StatusOr<Result>)> done);

// What run_log_query() would read, were there no limit.
StatusOr<ReadPlan> explain_log_query(const exec::Sources& sources, const Prepared& query);

}  // namespace logi::query
