#include "query/range_query.h"

#include "exec/column_filter.h"
#include "exec/run_items.h"
#include "logql/printer.h"
#include "query/counted_rows.h"

#include <numeric>

namespace logi::query {
namespace {

using logql::RangeOp;

// Of series that are found while a query is explained.
constexpr std::int64_t kExplainBytesMax = 256 << 20;

bool counts_bytes(RangeOp op) {
    return op == RangeOp::kBytesOverTime || op == RangeOp::kBytesRate;
}

// A sum over these gives the same from sums by group as from single series.
bool takes_grouping_of_sum(RangeOp op) {
    return op == RangeOp::kCountOverTime || op == RangeOp::kRate || op == RangeOp::kSumOverTime ||
           counts_bytes(op);
}

void collect(const logql::Expr& expr, std::vector<Leaf>& out) {
    if (const auto* range = std::get_if<logql::RangeAggregation>(&expr.node)) {
        auto grouping = range->grouping;
        if (range->op == RangeOp::kAbsentOverTime) {
            grouping = logql::Grouping();
        }
        out.push_back({range, std::move(grouping)});
        return;
    }
    if (const auto* vector = std::get_if<logql::VectorAggregation>(&expr.node)) {
        collect(*vector->inner, out);
        const auto* range = std::get_if<logql::RangeAggregation>(&vector->inner->node);
        if (range != nullptr && vector->op == logql::VectorOp::kSum &&
            takes_grouping_of_sum(range->op) && !range->grouping.has_value()) {
            out.back().grouping = vector->grouping.value_or(logql::Grouping());
        }
    } else if (const auto* replace = std::get_if<logql::LabelReplace>(&expr.node)) {
        collect(*replace->inner, out);
    } else if (const auto* binary = std::get_if<logql::BinaryExpr>(&expr.node)) {
        collect(*binary->left, out);
        collect(*binary->right, out);
    }
}

bool parses(const logql::LogExpr& log) {
    return std::any_of(log.stages.begin(), log.stages.end(), [](const logql::Stage& stage) {
        return std::holds_alternative<logql::JsonStage>(stage) ||
               std::holds_alternative<logql::LogfmtStage>(stage) ||
               std::holds_alternative<logql::UnpackStage>(stage);
    });
}

// What decides which labels the pipeline needs. absent_over_time asks only whether there are
// samples, but its parsers read whole lines, so that their errors fail the query.
std::optional<logql::Grouping> grouping_of_pipeline(const Leaf& leaf) {
    const bool absent = leaf.aggregation->op == RangeOp::kAbsentOverTime;
    return absent && parses(leaf.aggregation->log) ? std::nullopt : leaf.grouping;
}

StatusOr<RangePlan> make_plan(const Leaf& leaf,
                              const exec::Windows& windows,
                              const PassOptions& pass) {
    const logql::RangeAggregation& aggregation = *leaf.aggregation;
    exec::Pipeline::Options options;
    options.unwrap = aggregation.unwrap;
    options.grouping = grouping_of_pipeline(leaf);
    options.metric = true;
    options.line = counts_bytes(aggregation.op);
    options.now = pass.now;
    options.columns = pass.columns;
    LOGI_ASSIGN_OR_RETURN(auto pipeline,
                          exec::Pipeline::compile(aggregation.log, std::move(options)));
    return RangePlan{std::move(pipeline),
                     windows,
                     leaf.grouping,
                     aggregation.unwrap.has_value() ? aggregation.unwrap->label : std::string(),
                     counts_bytes(aggregation.op),
                     pass.equal_entries};
}

exec::ScanSpec scan_spec(const Leaf& leaf, const RangePlan& plan) {
    exec::ScanSpec spec;
    spec.matchers = leaf.aggregation->log.matchers;
    spec.filters = plan.pipeline->block_filters();
    spec.first = plan.windows.first_time();
    spec.last = plan.windows.last_time();
    spec.drop_duplicates = !plan.equal_entries;
    return spec;
}

std::unique_ptr<exec::RangeAggregator> make_aggregator(const Leaf& leaf,
                                                       const exec::Windows& windows,
                                                       exec::MemoryBudget& budget) {
    return exec::RangeAggregator::make(
        {leaf.aggregation->op, windows.range_seconds(), leaf.aggregation->parameter.value_or(0)},
        leaf.aggregation->unwrap.has_value(),
        windows,
        budget);
}

// One read of a pass.
class RangeQuery {
  public:
    RangeQuery(exec::Selections selections,
               const Leaf& leaf,
               RangePlan plan,
               exec::MemoryBudget& budget,
               io::CancelToken cancel,
               std::shared_ptr<exec::RangeAggregator> aggregator)
        : plan_(std::move(plan)),
          budget_(budget),
          cancel_(std::move(cancel)),
          scan_(std::move(selections), scan_spec(leaf, plan_)),
          aggregator_(std::move(aggregator)) {}

    [[nodiscard]] std::size_t items() const { return scan_.items().size(); }

    // How many of an item's rows are to be read, once the others have been counted.
    StatusOr<std::uint64_t> rows_left(std::size_t i) {
        exec::ScanItem& item = scan_.items()[i];
        auto partial = aggregator_->partial();
        BlockSamples samples(plan_, *item.selection, *partial, budget_, cancel_);
        exec::OpenBlock block;
        CountedRows counted(plan_, item, samples);
        LOGI_RETURN_IF_ERROR(counted.take(block));
        return counted.rows_left();
    }
    [[nodiscard]] const exec::ScanItem& item(std::size_t i) const { return scan_.items()[i]; }

    // A damaged block is noted and left out.
    Status read(std::size_t i) { return damage_.note(read_block(i)); }

    [[nodiscard]] ReadNotes notes() const {
        ReadNotes notes{scan_.stats(), scan_.missing()};
        notes += {{}, damage_.list()};
        return notes;
    }

  private:
    Status read_block(std::size_t i) {
        exec::ScanItem& item = scan_.items()[i];  // read by this task alone
        auto partial = aggregator_->partial();
        BlockSamples samples(plan_, *item.selection, *partial, budget_, cancel_);
        exec::OpenBlock block;
        CountedRows counted(plan_, item, samples);
        LOGI_RETURN_IF_ERROR(counted.take(block));
        if (!item.extents.empty()) {
            LOGI_RETURN_IF_ERROR(read_rows(item, counted, samples, block));
        }
        scan_.add(item, block);
        return aggregator_->merge(std::move(partial), samples.take_series());
    }

    Status read_rows(const exec::ScanItem& item,
                     const CountedRows& counted,
                     BlockSamples& samples,
                     exec::OpenBlock& block) {
        const auto cell = plan_.windows.common_cell(item.min_time, item.max_time);
        if (cell.has_value() && scan_.takes_all_rows(item)) {
            LOGI_ASSIGN_OR_RETURN(const bool added, samples.add_whole(item, block, *cell));
            if (added) {
                return absl::OkStatus();
            }
        }
        LOGI_ASSIGN_OR_RETURN(exec::ScanRows rows, scan_.read(item, block));
        counted.drop_counted(rows);
        // Where all labels matter, hardly two entries have the same: those that are dropped are
        // known by fewer.
        const exec::ColumnPlan* const columns = plan_.pipeline->columns();
        if (columns == nullptr || columns->all_labels) {
            LOGI_RETURN_IF_ERROR(exec::drop_by_columns(*plan_.pipeline, cancel_, rows, block));
        }
        return samples.add_rows(rows, block);
    }

    const RangePlan plan_;
    exec::MemoryBudget& budget_;
    const io::CancelToken cancel_;
    exec::Scan scan_;
    exec::Damage damage_;
    const std::shared_ptr<exec::RangeAggregator> aggregator_;
};

}  // namespace

std::vector<Leaf> leaves(const logql::Expr& expr) {
    std::vector<Leaf> out;
    collect(expr, out);
    return out;
}

StatusOr<ReadPlan> explain_range_query(const exec::Sources& sources,
                                       const Leaf& leaf,
                                       const exec::Windows& windows,
                                       const PassOptions& options) {
    LOGI_ASSIGN_OR_RETURN(const RangePlan plan, make_plan(leaf, windows, options));
    ReadPlan out = plan_of(leaf.aggregation->log, *plan.pipeline);
    const exec::ScanSpec spec = scan_spec(leaf, plan);
    out.expression = logql::to_string(logql::Expr{*leaf.aggregation});
    out.first = spec.first;
    out.last = spec.last;
    const bool reads_lines = plan.pipeline->reads_line() || !plan.pipeline->block_filters().empty();
    exec::MemoryBudget budget(kExplainBytesMax);
    LOGI_ASSIGN_OR_RETURN(auto selections, exec::Scan::select(sources, spec));
    RangeQuery query(
        std::move(selections), leaf, plan, budget, {}, make_aggregator(leaf, windows, budget));
    for (std::size_t i = 0; i < query.items(); ++i) {
        const exec::ScanItem& item = query.item(i);
        const std::uint64_t all = std::accumulate(
            item.extents.begin(),
            item.extents.end(),
            std::uint64_t{0},
            [](std::uint64_t sum, const auto& extent) { return sum + extent.rows; });
        const bool overlaps = !item.overlapping.empty();
        LOGI_ASSIGN_OR_RETURN(const std::uint64_t rows, query.rows_left(i));
        ++out.blocks;
        out.counted_rows += all - rows;
        out.rows += rows;
        out.blocks_read += rows > 0 ? 1 : 0;
        out.bytes += rows > 0 && (reads_lines || overlaps)
                         ? item.selection->blocks()[item.block].line_bytes
                         : 0;
    }
    return out;
}

ReadNotes& ReadNotes::operator+=(const ReadNotes& other) {
    stats += other.stats;
    missing.insert(missing.end(), other.missing.begin(), other.missing.end());
    return *this;
}

StatusOr<std::shared_ptr<RangePass>> RangePass::make(const Leaf& leaf,
                                                     const exec::Windows& windows,
                                                     const PassOptions& options,
                                                     exec::MemoryBudget& budget) {
    LOGI_ASSIGN_OR_RETURN(RangePlan plan, make_plan(leaf, windows, options));
    return std::shared_ptr<RangePass>(
        new RangePass(std::move(plan), leaf, budget, make_aggregator(leaf, windows, budget)));
}

void RangePass::read(io::Executor& executor,
                     const exec::Sources& sources,
                     Timestamp first,
                     Timestamp last,
                     io::CancelToken cancel,
                     std::function<void(StatusOr<ReadNotes>)> done) {
    RangePlan plan = plan_;
    plan.windows = plan_.windows.within(first, last);
    auto selections = exec::Scan::select(sources, scan_spec(leaf_, plan));
    if (!selections.ok()) {
        done(selections.status());
        return;
    }
    const auto query = std::make_shared<RangeQuery>(
        *std::move(selections), leaf_, std::move(plan), budget_, cancel, aggregator_);
    exec::run_items(
        executor,
        query->items(),
        cancel,
        [query](std::size_t i) { return query->read(i); },
        [query, sources, done = std::move(done)](const Status& status) {
            done(status.ok() ? StatusOr<ReadNotes>(query->notes()) : status);
        });
}

void run_range_query(io::Executor& executor,
                     const exec::Sources& sources,
                     const Leaf& leaf,
                     const exec::Windows& windows,
                     const PassOptions& options,
                     exec::MemoryBudget& budget,
                     io::CancelToken cancel,
                     ReadNotes& notes,
                     std::function<void(StatusOr<exec::StepVector>)> done) {
    auto pass = RangePass::make(leaf, windows, options, budget);
    if (!pass.ok()) {
        done(pass.status());
        return;
    }
    (*pass)->read(executor,
                  sources,
                  windows.first_time(),
                  windows.last_time(),
                  std::move(cancel),
                  [pass = *pass, &notes, done = std::move(done)](const StatusOr<ReadNotes>& read) {
                      if (!read.ok()) {
                          done(read.status());
                          return;
                      }
                      notes += *read;
                      done(pass->finish());
                  });
}

}  // namespace logi::query
