// Range aggregations: one leaf of a metric query, from blocks to the values of its windows.
#pragma once

#include "exec/memory_budget.h"
#include "exec/pipeline.h"
#include "exec/windows.h"
#include "logql/ast.h"
#include "query/block_samples.h"
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

// What was read for an answer, and what the answer lacks for it, one sentence each.
struct ReadNotes {
    exec::ScanStats stats;
    std::vector<std::string> missing;

    ReadNotes& operator+=(const ReadNotes& other);
};

// A leaf under way: its samples may be read in parts, from sources here or by other processes.
// Thread-safe.
class RangePass {
  public:
    // What the leaf points to and `budget` must outlive it. kInvalidArgument: the pipeline.
    static StatusOr<std::shared_ptr<RangePass>> make(const Leaf& leaf,
                                                     const exec::Windows& windows,
                                                     const PassOptions& options,
                                                     exec::MemoryBudget& budget);

    // Adds the samples of the sources from `first` to `last`, both included.
    void read(io::Executor& executor,
              const exec::Sources& sources,
              Timestamp first,
              Timestamp last,
              io::CancelToken cancel,
              std::function<void(StatusOr<ReadNotes>)> done);
    // The same for what write() of another pass of the same leaf and windows has written: all of it
    // or, with kDataLoss, or kOutOfRange where there is no room for it, nothing.
    Status merge_written(base::ByteReader& r) { return aggregator_->merge_written(r); }

    // Once, and after the last read: the values, or what another pass can merge. kOutOfRange if
    // that would be more than so many bytes.
    StatusOr<exec::StepVector> finish() { return aggregator_->finish(); }
    Status write(std::string& out, std::size_t bytes_max) {
        return aggregator_->write(out, bytes_max);
    }

  private:
    RangePass(RangePlan plan,
              const Leaf& leaf,
              exec::MemoryBudget& budget,
              std::unique_ptr<exec::RangeAggregator> aggregator)
        : plan_(std::move(plan)),
          leaf_(leaf),
          budget_(budget),
          aggregator_(std::move(aggregator)) {}

    const RangePlan plan_;
    const Leaf leaf_;
    exec::MemoryBudget& budget_;
    const std::shared_ptr<exec::RangeAggregator> aggregator_;
};

// `notes` are added to and must live until `done`, as must `budget`.
void run_range_query(io::Executor& executor,
                     const exec::Sources& sources,
                     const Leaf& leaf,
                     const exec::Windows& windows,
                     const PassOptions& options,
                     exec::MemoryBudget& budget,
                     io::CancelToken cancel,
                     ReadNotes& notes,
                     std::function<void(StatusOr<exec::StepVector>)> done);

// What run_range_query() would read.
StatusOr<ReadPlan> explain_range_query(const exec::Sources& sources,
                                       const Leaf& leaf,
                                       const exec::Windows& windows,
                                       const PassOptions& options);

}  // namespace logi::query
