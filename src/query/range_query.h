// Range aggregations: one leaf of a metric query, from blocks to the values of its windows.
#pragma once

#include "exec/memory_budget.h"
#include "exec/pipeline.h"
#include "exec/windows.h"
#include "logql/ast.h"
#include "query/explain.h"
#include "query/query.h"

namespace logi::query {

// A leaf, and the grouping that its series are made for: its own, or that of a sum above it.
struct Leaf {
    const logql::RangeAggregation* aggregation = nullptr;
    std::optional<logql::Grouping> grouping;
};

// What a pass takes from its request.
struct PassOptions {
    explicit PassOptions(const Request& request)
        : now(request.now), columns(request.columns), equal_entries(request.equal_entries) {}
    Timestamp now;
    bool columns = true;
    bool equal_entries = false;
};

// The leaves of a metric query, in the order of its text. A sum directly above a leaf hands its
// grouping down, which decides what parsers extract, as in Loki.
std::vector<Leaf> leaves(const logql::Expr& expr);

// `stats` and `missing` are added to and must live until `done`, as must `budget`.
void run_range_query(io::Executor& executor,
                     const exec::Sources& sources,
                     const Leaf& leaf,
                     const exec::Windows& windows,
                     const PassOptions& options,
                     exec::MemoryBudget& budget,
                     io::CancelToken cancel,
                     exec::ScanStats& stats,
                     std::vector<std::string>& missing,
                     std::function<void(StatusOr<exec::StepVector>)> done);

// What run_range_query() would read.
StatusOr<ReadPlan> explain_range_query(const exec::Sources& sources,
                                       const Leaf& leaf,
                                       const exec::Windows& windows,
                                       const PassOptions& options);

}  // namespace logi::query
