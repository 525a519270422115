#include "query/range_query.h"

#include "exec/column_filter.h"
#include "exec/run_items.h"
#include "logql/printer.h"
#include "query/block_samples.h"

namespace logi::query {
namespace {

using logql::RangeOp;

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
                     counts_bytes(aggregation.op)};
}

exec::ScanSpec scan_spec(const Leaf& leaf, const RangePlan& plan) {
    exec::ScanSpec spec;
    spec.matchers = leaf.aggregation->log.matchers;
    spec.filters = plan.pipeline->block_filters();
    spec.first = plan.windows.first_time();
    spec.last = plan.windows.last_time();
    return spec;
}

// Whether numbers of a stream's entries in a block are as good as the entries.
bool counts(const RangePlan& plan,
            const exec::ScanItem& item,
            const segment::StreamExtent& extent) {
    return extent.exact && plan.pipeline->empty() && plan.pipeline->block_filters().empty() &&
           !std::binary_search(item.overlapping.begin(), item.overlapping.end(), extent.stream) &&
           plan.is_plain(item.source->labels(extent.stream));
}

// The cell that all of these go to, if the directory tells enough.
std::optional<std::uint32_t> cell_of(const RangePlan& plan, const segment::StreamExtent& extent) {
    return plan.bytes && !extent.has_bytes
               ? std::nullopt
               : plan.windows.common_cell(extent.min_time, extent.max_time);
}

using Minutes = absl::Span<const block::MinuteStats>;

// The minutes of one stream, if each of them is in one cell; else none.
Minutes minutes_in_cells(const RangePlan& plan, Minutes all, std::uint32_t stream) {
    const auto begin = std::lower_bound(
        all.begin(), all.end(), stream, [](const block::MinuteStats& minute, std::uint32_t s) {
            return minute.stream < s;
        });
    auto end = begin;
    while (end != all.end() && end->stream == stream) {
        if (!plan.windows.common_cell(end->first(), end->last()).has_value()) {
            return {};
        }
        ++end;
    }
    return all.subspan(static_cast<std::size_t>(begin - all.begin()),
                       static_cast<std::size_t>(end - begin));
}

class RangeQuery {
  public:
    RangeQuery(const exec::Sources& sources,
               const Leaf& leaf,
               RangePlan plan,
               exec::MemoryBudget& budget,
               io::CancelToken cancel)
        : plan_(std::move(plan)),
          budget_(budget),
          cancel_(std::move(cancel)),
          scan_(sources, scan_spec(leaf, plan_)),
          aggregator_(exec::RangeAggregator::make({leaf.aggregation->op,
                                                   plan_.windows.range_seconds(),
                                                   leaf.aggregation->parameter.value_or(0)},
                                                  leaf.aggregation->unwrap.has_value(),
                                                  plan_.windows,
                                                  budget)) {}

    [[nodiscard]] std::size_t items() const { return scan_.items().size(); }

    // A damaged block is noted and left out.
    Status read(std::size_t i) { return damage_.note(read_block(i)); }

    StatusOr<exec::StepVector> finish(exec::ScanStats& stats, std::vector<std::string>& missing) {
        for (auto& text : damage_.list()) {
            missing.push_back(std::move(text));
        }
        stats += scan_.stats();
        return aggregator_->finish();
    }

  private:
    Status read_block(std::size_t i) {
        exec::ScanItem& item = scan_.items()[i];  // read by this task alone
        auto partial = aggregator_->partial();
        BlockSamples samples(plan_, *item.source, *partial, budget_, cancel_);
        exec::OpenBlock block;
        LOGI_RETURN_IF_ERROR(take_extents(item, samples));
        if (!item.extents.empty()) {
            LOGI_RETURN_IF_ERROR(take_minutes(item, samples, block));
        }
        if (!item.extents.empty()) {
            LOGI_RETURN_IF_ERROR(read_rows(item, samples, block));
        }
        scan_.add(item, block);
        return aggregator_->merge(std::move(partial), samples.take_series());
    }

    Status read_rows(const exec::ScanItem& item, BlockSamples& samples, exec::OpenBlock& block) {
        const auto cell = plan_.windows.common_cell(item.min_time, item.max_time);
        if (cell.has_value() && scan_.takes_all_rows(item)) {
            LOGI_ASSIGN_OR_RETURN(const bool added, samples.add_whole(item, block, *cell));
            if (added) {
                return absl::OkStatus();
            }
        }
        LOGI_ASSIGN_OR_RETURN(exec::ScanRows rows, scan_.read(item, block));
        // Where all labels matter, hardly two entries have the same: those that are dropped are
        // known by fewer.
        const exec::ColumnPlan* const columns = plan_.pipeline->columns();
        if (columns == nullptr || columns->all_labels) {
            LOGI_RETURN_IF_ERROR(exec::drop_by_columns(*plan_.pipeline, cancel_, rows, block));
        }
        return samples.add_rows(rows, block);
    }

    // Answers what the directory can answer, and leaves the rest in `item`.
    Status take_extents(exec::ScanItem& item, BlockSamples& samples) {
        std::vector<segment::StreamExtent> left;
        for (const segment::StreamExtent& e : item.extents) {
            const auto cell = cell_of(plan_, e);
            if (!cell.has_value() || !counts(plan_, item, e)) {
                left.push_back(e);
                continue;
            }
            LOGI_RETURN_IF_ERROR(
                samples.add_counted(e.stream, *cell, e.max_time, e.rows, e.line_bytes));
        }
        leave(item, std::move(left));
        return absl::OkStatus();
    }

    // The same with what the block knows about minutes.
    Status take_minutes(exec::ScanItem& item, BlockSamples& samples, exec::OpenBlock& block) {
        std::vector<segment::StreamExtent> left;
        for (const segment::StreamExtent& e : item.extents) {
            Minutes minutes;
            if (counts(plan_, item, e)) {
                LOGI_RETURN_IF_ERROR(block.open(item));
                LOGI_ASSIGN_OR_RETURN(minutes, block.reader->minutes());
                minutes = minutes_in_cells(plan_, minutes, e.stream);
            }
            if (minutes.empty()) {
                left.push_back(e);
            }
            for (const block::MinuteStats& m : minutes) {
                const auto cell = plan_.windows.common_cell(m.first(), m.last());
                LOGI_RETURN_IF_ERROR(
                    samples.add_counted(e.stream, *cell, m.last(), m.rows, m.line_bytes));
            }
        }
        leave(item, std::move(left));
        return absl::OkStatus();
    }

    static void leave(exec::ScanItem& item, std::vector<segment::StreamExtent> extents) {
        item.whole = item.whole && item.extents.size() == extents.size();
        item.extents = std::move(extents);
    }

    const RangePlan plan_;
    exec::MemoryBudget& budget_;
    const io::CancelToken cancel_;
    exec::Scan scan_;
    exec::Damage damage_;
    const std::unique_ptr<exec::RangeAggregator> aggregator_;
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
    const exec::Scan scan(sources, spec);
    for (const exec::ScanItem& item : scan.items()) {
        ++out.blocks;
        std::uint64_t rows = 0;
        std::unique_ptr<block::BlockReader> reader;
        for (const segment::StreamExtent& extent : item.extents) {
            bool counted = counts(plan, item, extent);
            if (counted && !cell_of(plan, extent).has_value()) {
                if (reader == nullptr) {
                    LOGI_ASSIGN_OR_RETURN(reader, item.source->open_block(item.block));
                }
                LOGI_ASSIGN_OR_RETURN(const Minutes minutes, reader->minutes());
                counted = !minutes_in_cells(plan, minutes, extent.stream).empty();
            }
            (counted ? out.counted_rows : rows) += extent.rows;
        }
        out.rows += rows;
        out.blocks_read += rows > 0 ? 1 : 0;
        out.bytes += rows > 0 && (reads_lines || !item.overlapping.empty())
                         ? item.source->blocks()[item.block].line_bytes
                         : 0;
    }
    return out;
}

void run_range_query(io::Executor& executor,
                     const exec::Sources& sources,
                     const Leaf& leaf,
                     const exec::Windows& windows,
                     const PassOptions& options,
                     exec::MemoryBudget& budget,
                     io::CancelToken cancel,
                     exec::ScanStats& stats,
                     std::vector<std::string>& missing,
                     std::function<void(StatusOr<exec::StepVector>)> done) {
    auto plan = make_plan(leaf, windows, options);
    if (!plan.ok()) {
        done(plan.status());
        return;
    }
    const auto query =
        std::make_shared<RangeQuery>(sources, leaf, *std::move(plan), budget, cancel);
    exec::run_items(
        executor,
        query->items(),
        cancel,
        [query](std::size_t i) { return query->read(i); },
        [query, &stats, &missing, done = std::move(done)](const Status& status) {
            if (status.ok()) {
                done(query->finish(stats, missing));
            } else {
                done(status);
            }
        });
}

}  // namespace logi::query
