#include "query/block_samples.h"

#include "absl/strings/str_cat.h"

namespace logi::query {
namespace {

Status pipeline_error(const exec::EntryLabels& labels) {
    std::vector<MetadataView> all;
    labels.sorted(all);
    std::vector<LabelPair> pairs;
    for (const auto& label : all) {
        pairs.push_back({std::string(label.name), std::string(label.value)});
    }
    const std::string error(labels.error());
    return absl::InvalidArgumentError(absl::StrCat(
        "pipeline error: '",
        error,
        "' for series: '",
        Labels::of_result(std::move(pairs)).to_string(),
        "'.\nUse a label filter to intentionally skip this error. (e.g | __error__!=\"",
        error,
        "\").\nTo skip all potential errors you can match empty errors.(e.g __error__=\"\")\nThe "
        "label filter can also be specified after unwrap. (e.g | unwrap latency | __error__=\"\" "
        ")\n"));
}

}  // namespace

Status BlockSamples::add_counted(std::uint32_t stream,
                                 std::uint32_t cell,
                                 Timestamp time,
                                 std::uint64_t rows,
                                 std::uint64_t line_bytes) {
    if (stream != stream_ || !has_stream_) {
        LOGI_RETURN_IF_ERROR(begin_stream(stream));
    }
    partial_.add(series_, cell, time, static_cast<double>(plan_.bytes ? line_bytes : rows));
    return absl::OkStatus();
}

Status BlockSamples::begin_block(block::BlockReader& block) {
    const exec::ColumnPlan* const plan = plan_.pipeline->columns();
    if (plan != nullptr && !plan_.bytes && columns_ == nullptr) {
        LOGI_ASSIGN_OR_RETURN(columns_, exec::ColumnRows::open(block, *plan));
        has_stream_ = false;
    }
    if (columns_ != nullptr) {
        LOGI_ASSIGN_OR_RETURN(has_metadata_, block.has_metadata());
    }
    return absl::OkStatus();
}

StatusOr<bool> BlockSamples::one_class(const exec::ScanItem& item) {
    for (const segment::StreamExtent& extent : item.extents) {
        LOGI_RETURN_IF_ERROR(begin_stream(extent.stream));
    }
    return columns_->classes() == 1;
}

StatusOr<std::optional<std::vector<std::uint32_t>>> BlockSamples::add_whole(
    const exec::ScanItem& item, exec::OpenBlock& block, std::uint32_t cell) {
    if (plan_.pipeline->columns() == nullptr || plan_.bytes || plan_.pipeline->unwraps()) {
        return std::nullopt;
    }
    LOGI_RETURN_IF_ERROR(block.open(item));
    LOGI_RETURN_IF_ERROR(begin_block(*block.reader));
    if (columns_ == nullptr || has_metadata_) {
        return std::nullopt;
    }
    LOGI_ASSIGN_OR_RETURN(const bool one, one_class(item));
    if (!one) {
        return std::nullopt;
    }
    std::vector<std::pair<std::uint32_t, std::uint64_t>> samples;  // series and how many
    std::vector<std::uint32_t> left;
    for (std::size_t i = 0; i < columns_->groups(); ++i) {
        LOGI_ASSIGN_OR_RETURN(const exec::ColumnRows::Group group, columns_->group(i));
        left.insert(left.end(), group.line_rows.begin(), group.line_rows.end());
        for (std::uint32_t n = 0; n < group.counts.size(); ++n) {
            if (group.counts[n] == 0) {
                continue;
            }
            columns_->go_to_rank(i, group.ranks[n]);
            LOGI_ASSIGN_OR_RETURN(const Outcome outcome,
                                  outcome_of({group.how, group.first_number + n}, item.max_time));
            if (outcome.kind == Outcome::kByLine) {
                return std::nullopt;
            }
            if (outcome.kind == Outcome::kSample) {
                samples.emplace_back(outcome.series, group.counts[n]);
            }
        }
    }
    for (const auto& [series, count] : samples) {
        partial_.add(series, cell, item.max_time, static_cast<double>(count));
        got_.passed_lines += count;
    }
    column_lines_ += block.reader->stats().rows - left.size();
    got_.lines += block.reader->stats().rows - left.size();
    std::sort(left.begin(), left.end());
    return left;
}

Status BlockSamples::add_rows(const exec::ScanRows& rows, exec::OpenBlock& block) {
    if (!rows.rows.empty()) {
        LOGI_RETURN_IF_ERROR(begin_block(*rows.block));
    }
    for (const std::uint32_t row : rows.rows) {
        LOGI_RETURN_IF_ERROR(cancel_.check());
        if (rows.streams[row] != stream_ || !has_stream_) {
            LOGI_RETURN_IF_ERROR(begin_stream(rows.streams[row]));
        }
        const auto cell = plan_.windows.cell(rows.times[row]);
        if (!cell.has_value()) {
            continue;
        }
        if (plain_) {
            LOGI_RETURN_IF_ERROR(add_plain(rows, row, *cell));
            continue;
        }
        if (columns_ != nullptr) {
            LOGI_ASSIGN_OR_RETURN(const bool added, add_by_columns(rows, row, *cell));
            if (added) {
                continue;
            }
        }
        LOGI_RETURN_IF_ERROR(add_entry(rows, row, *cell));
    }
    got_.lines += rows.rows.size();
    if (column_lines_ > 0) {
        // What they are on the average: their sizes would have to be read.
        const block::BlockStats& stats = block.reader->stats();
        got_.line_bytes += stats.line_bytes * column_lines_ / stats.rows;
    }
    block.count(got_);
    return absl::OkStatus();
}

Status BlockSamples::begin_stream(std::uint32_t stream) {
    has_stream_ = true;
    stream_ = stream;
    labels_ = source_.labels(stream);
    metadata_ = plan_.pipeline->needs_metadata(labels_);
    plain_ = plan_.is_plain(labels_);
    decided_ = index_.decided_by(labels_) || plain_;
    if (columns_ != nullptr) {
        columns_->begin_stream(labels_);
    }
    if (decided_) {
        LOGI_ASSIGN_OR_RETURN(series_, index_.find(labels_));
    }
    return absl::OkStatus();
}

// The stream decides the series and no stage the value.
Status BlockSamples::add_plain(const exec::ScanRows& rows, std::uint32_t row, std::uint32_t cell) {
    double value = 1;
    if (plan_.bytes) {
        LOGI_ASSIGN_OR_RETURN(const auto lengths, rows.block->line_lengths());
        value = lengths[row];
    }
    ++got_.passed_lines;
    partial_.add(series_, cell, rows.times[row], value);
    return absl::OkStatus();
}

StatusOr<bool> BlockSamples::metadata_matters(const exec::ScanRows& rows, std::uint32_t row) {
    if (!metadata_ || !has_metadata_) {
        return false;
    }
    LOGI_RETURN_IF_ERROR(rows.block->metadata(row, pairs_));
    return std::any_of(pairs_.begin(), pairs_.end(), [this](const MetadataView& pair) {
        return plan_.pipeline->columns()->looks_at_metadata(pair.name);
    });
}

StatusOr<bool> BlockSamples::add_by_columns(const exec::ScanRows& rows,
                                            std::uint32_t row,
                                            std::uint32_t cell) {
    LOGI_ASSIGN_OR_RETURN(const bool matters, metadata_matters(rows, row));
    if (matters) {
        return false;
    }
    LOGI_ASSIGN_OR_RETURN(const exec::ColumnRows::Place place, columns_->go_to(row));
    LOGI_ASSIGN_OR_RETURN(const Outcome outcome, outcome_of(place, rows.times[row]));
    if (outcome.kind == Outcome::kByLine) {
        return false;
    }
    ++column_lines_;
    if (outcome.kind == Outcome::kSample) {
        ++got_.passed_lines;
        partial_.add(outcome.series, cell, rows.times[row], outcome.value);
    }
    return true;
}

StatusOr<BlockSamples::Outcome> BlockSamples::outcome_of(const exec::ColumnRows::Place& place,
                                                         Timestamp time) {
    using How = exec::ColumnRows::How;
    if (place.how == How::kByLine) {
        return Outcome{Outcome::kByLine};
    }
    if (place.how == How::kAlone) {
        return run_outlined(time);
    }
    if (place.number >= outcomes_.size()) {
        outcomes_.resize(columns_->numbers());
    }
    if (outcomes_[place.number].kind == Outcome::kUnknown) {
        LOGI_ASSIGN_OR_RETURN(outcomes_[place.number], run_outlined(time));
    }
    return outcomes_[place.number];
}

// An entry with an error has its labels in the message, or as its series: all of them, so that it
// is left to the line.
StatusOr<BlockSamples::Outcome> BlockSamples::run_outlined(Timestamp time) {
    entry_.labels.begin(labels_, {});
    entry_.time = time;
    entry_.outlined = columns_.get();
    entry_.needs_line = false;
    const bool passed = plan_.pipeline->process(entry_);
    Outcome outcome{Outcome::kDropped};
    if (entry_.needs_line) {
        outcome.kind = Outcome::kByLine;
    } else if (passed) {
        outcome.kind = Outcome::kSample;
        if (plan_.pipeline->unwraps()) {
            const auto unwrapped = plan_.pipeline->unwrap(entry_);
            outcome.kind = unwrapped.has_value() ? Outcome::kSample : Outcome::kDropped;
            outcome.value = unwrapped.value_or(0);
        }
        if (outcome.kind == Outcome::kSample && entry_.labels.has_error()) {
            outcome.kind = Outcome::kByLine;
        }
    }
    entry_.outlined = nullptr;
    if (outcome.kind != Outcome::kSample) {
        return outcome;
    }
    outcome.series = series_;
    if (!decided_ || entry_.labels.stream_changed()) {
        LOGI_ASSIGN_OR_RETURN(outcome.series, index_.find(entry_.labels));
    }
    return outcome;
}

Status BlockSamples::add_entry(const exec::ScanRows& rows, std::uint32_t row, std::uint32_t cell) {
    pairs_.clear();
    if (metadata_) {
        LOGI_RETURN_IF_ERROR(rows.block->metadata(row, pairs_));
        got_.metadata_bytes += exec::bytes_of(pairs_);
    }
    entry_.labels.begin(labels_, pairs_);
    entry_.time = rows.times[row];
    if (plan_.bytes || plan_.pipeline->reads_line()) {
        LOGI_ASSIGN_OR_RETURN(entry_.line, rows.block->line(row));
        got_.line_bytes += entry_.line.size();
    }
    if (!plan_.pipeline->process(entry_)) {
        return absl::OkStatus();
    }
    ++got_.passed_lines;
    double value = plan_.bytes ? static_cast<double>(entry_.line.size()) : 1;
    if (plan_.pipeline->unwraps()) {
        const auto unwrapped = plan_.pipeline->unwrap(entry_);
        if (!unwrapped.has_value()) {
            return absl::OkStatus();
        }
        value = *unwrapped;
    }
    if (entry_.labels.has_error() && entry_.labels.get(exec::kPreserveErrorLabel) != "true") {
        return pipeline_error(entry_.labels);
    }
    const bool by_stream =
        decided_ && !entry_.labels.stream_changed() && !entry_.labels.has_error();
    std::uint32_t series = series_;
    if (!by_stream) {
        LOGI_ASSIGN_OR_RETURN(series, index_.find(entry_.labels));
    }
    partial_.add(series, cell, rows.times[row], value);
    return absl::OkStatus();
}

}  // namespace logi::query
