#include "exec/column_filter.h"

namespace logi::exec {

StatusOr<std::unique_ptr<ColumnFilter>> ColumnFilter::open(const Pipeline& pipeline,
                                                           const ScanRows& rows) {
    if (pipeline.prefilter() == nullptr || rows.rows.empty()) {
        return nullptr;
    }
    LOGI_ASSIGN_OR_RETURN(auto columns, ColumnRows::open(*rows.block, *pipeline.prefilter()));
    return columns == nullptr ? nullptr
                              : std::unique_ptr<ColumnFilter>(
                                    new ColumnFilter(pipeline, rows, std::move(columns)));
}

void ColumnFilter::begin_stream(std::uint32_t stream) {
    stream_ = stream;
    auto& known = streams_[stream];
    if (known != nullptr) {
        columns_->begin_again(known->labels, known->number_class);
    } else {
        auto made = std::make_unique<Stream>();
        made->labels = rows_.selection->labels(stream);
        made->number_class = columns_->begin_stream(made->labels);
        known = std::move(made);
    }
    current_ = known.get();
}

StatusOr<bool> ColumnFilter::passes(std::uint32_t row) {
    LOGI_ASSIGN_OR_RETURN(const bool passes, passes_first(row));
    dropped_ += passes ? 0 : 1;
    return passes;
}

StatusOr<bool> ColumnFilter::passes_first(std::uint32_t row) {
    if (current_ == nullptr || rows_.streams[row] != stream_) {
        begin_stream(rows_.streams[row]);
    }
    LOGI_ASSIGN_OR_RETURN(const ColumnRows::Place place, columns_->go_to(row));
    if (place.how == ColumnRows::How::kByLine) {
        return true;
    }
    if (place.how == ColumnRows::How::kAlone) {
        return run();
    }
    if (place.number >= results_.size()) {
        results_.resize(columns_->numbers(), kUnknown);
    }
    Result& result = results_[place.number];
    if (result == kUnknown) {
        result = run() ? kPasses : kDropped;
    }
    return result == kPasses;
}

bool ColumnFilter::run() {
    entry_.labels.begin(current_->labels, {});
    entry_.outlined = columns_.get();
    return pipeline_.passes_first(entry_);
}

void ColumnFilter::count_in(OpenBlock& block) const {
    // Their bytes are what lines of the block have on the average.
    const block::BlockStats& stats = rows_.block->stats();
    ReadCounts got;
    got.lines = dropped_;
    got.column_lines = dropped_;
    got.line_bytes = stats.line_bytes * dropped_ / stats.rows;
    block.count(got);
}

Status drop_by_columns(const Pipeline& pipeline,
                       const io::CancelToken& cancel,
                       ScanRows& rows,
                       OpenBlock& block) {
    LOGI_ASSIGN_OR_RETURN(const auto filter, ColumnFilter::open(pipeline, rows));
    if (filter == nullptr) {
        return absl::OkStatus();
    }
    std::size_t kept = 0;
    for (const std::uint32_t row : rows.rows) {
        LOGI_RETURN_IF_ERROR(cancel.check());
        LOGI_ASSIGN_OR_RETURN(const bool passes, filter->passes(row));
        if (passes) {
            rows.rows[kept++] = row;
        }
    }
    filter->count_in(block);
    rows.rows.resize(kept);
    return absl::OkStatus();
}

}  // namespace logi::exec
