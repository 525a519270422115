#include "exec/column_filter.h"

namespace logi::exec {
namespace {

class ColumnFilter {
  public:
    ColumnFilter(const Pipeline& pipeline, const ScanRows& rows, ColumnRows& columns)
        : pipeline_(pipeline), rows_(rows), columns_(columns) {}

    // What is not known passes.
    StatusOr<bool> passes(std::uint32_t row) {
        if (!has_stream_ || rows_.streams[row] != stream_) {
            has_stream_ = true;
            stream_ = rows_.streams[row];
            labels_ = rows_.source->labels(stream_);
            columns_.begin_stream(labels_);
        }
        LOGI_ASSIGN_OR_RETURN(const ColumnRows::Place place, columns_.go_to(row));
        if (place.how == ColumnRows::How::kByLine) {
            return true;
        }
        if (place.how == ColumnRows::How::kAlone) {
            return run();
        }
        if (place.number >= results_.size()) {
            results_.resize(columns_.numbers(), kUnknown);
        }
        Result& result = results_[place.number];
        if (result == kUnknown) {
            result = run() ? kPasses : kDropped;
        }
        return result == kPasses;
    }

  private:
    enum Result : std::uint8_t { kUnknown, kPasses, kDropped };

    bool run() {
        entry_.labels.begin(labels_, {});
        entry_.outlined = &columns_;
        return pipeline_.passes_first(entry_);
    }

    const Pipeline& pipeline_;
    const ScanRows& rows_;
    ColumnRows& columns_;
    Entry entry_;
    Labels labels_;
    std::uint32_t stream_ = 0;
    bool has_stream_ = false;
    std::vector<Result> results_;
};

}  // namespace

Status drop_by_columns(const Pipeline& pipeline, ScanRows& rows, OpenBlock& block) {
    if (pipeline.prefilter() == nullptr || rows.rows.empty()) {
        return absl::OkStatus();
    }
    LOGI_ASSIGN_OR_RETURN(const auto columns, ColumnRows::open(*rows.block, *pipeline.prefilter()));
    if (columns == nullptr) {
        return absl::OkStatus();
    }
    ColumnFilter filter(pipeline, rows, *columns);
    std::size_t kept = 0;
    for (const std::uint32_t row : rows.rows) {
        LOGI_ASSIGN_OR_RETURN(const bool passes, filter.passes(row));
        if (passes) {
            rows.rows[kept++] = row;
        }
    }
    ReadCounts got;
    got.lines = rows.rows.size() - kept;
    // Their bytes are what lines of the block have on the average.
    const block::BlockStats& stats = rows.block->stats();
    got.line_bytes = stats.line_bytes * got.lines / stats.rows;
    block.count(got);
    rows.rows.resize(kept);
    return absl::OkStatus();
}

}  // namespace logi::exec
