#include "query/block_samples.h"

#include "absl/strings/str_cat.h"

namespace logi::query {
namespace {

// With fewer rows than one in so many left, their lines are put together one by one.
constexpr std::size_t kRowsPerLeft = 32;

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

StatusOr<BlockSamples::ByLabels> BlockSamples::by_labels(std::uint32_t stream,
                                                         absl::Span<const MetadataView> metadata) {
    if (stream != stream_ || !has_stream_) {
        LOGI_RETURN_IF_ERROR(begin_stream(stream));
    }
    if (plain_) {
        return ByLabels{ByLabels::kSample, series_};
    }
    entry_.labels.begin(labels_, metadata);
    entry_.line = {};
    if (!plan_.pipeline->process(entry_)) {
        return ByLabels{ByLabels::kDropped};
    }
    // With an error, an entry has all its labels.
    if (entry_.labels.has_error()) {
        return ByLabels{ByLabels::kByRow};
    }
    if (decided_ && !entry_.labels.stream_changed()) {
        return ByLabels{ByLabels::kSample, series_};
    }
    LOGI_ASSIGN_OR_RETURN(const std::uint32_t series, index_.find(entry_.labels));
    return ByLabels{ByLabels::kSample, series};
}

Status BlockSamples::begin_columns(block::BlockReader& block) {
    const exec::ColumnPlan* const plan = plan_.pipeline->columns();
    if (plan == nullptr || columns_ != nullptr) {
        return absl::OkStatus();
    }
    LOGI_ASSIGN_OR_RETURN(columns_, exec::ColumnRows::open(block, *plan));
    has_stream_ = false;
    return absl::OkStatus();
}

StatusOr<bool> BlockSamples::one_class(const exec::ScanItem& item) {
    for (const segment::StreamExtent& extent : item.extents) {
        LOGI_RETURN_IF_ERROR(begin_stream(extent.stream));
    }
    return columns_->classes() == 1;
}

StatusOr<bool> BlockSamples::add_whole(const exec::ScanItem& item,
                                       exec::OpenBlock& block,
                                       std::uint32_t cell) {
    if (plan_.pipeline->columns() == nullptr || plan_.pipeline->unwraps()) {
        return false;
    }
    LOGI_RETURN_IF_ERROR(block.open(item));
    block::BlockReader& reader = *block.reader;
    LOGI_RETURN_IF_ERROR(begin_columns(reader));
    if (columns_ == nullptr || columns_->metadata_matters()) {
        return false;
    }
    LOGI_ASSIGN_OR_RETURN(const bool one, one_class(item));
    if (!one) {
        return false;
    }
    counted_.clear();
    left_.clear();
    for (std::size_t i = 0; i < columns_->groups(); ++i) {
        LOGI_RETURN_IF_ERROR(cancel_.check());
        LOGI_RETURN_IF_ERROR(add_group(i, item.max_time));
    }
    for (const Counted& c : counted_) {
        partial_.add(c.series, cell, item.max_time, c.value * static_cast<double>(c.rows));
        got_.passed_lines += c.rows;
    }
    column_lines_ += reader.stats().rows - left_.size();
    got_.counted_blocks = 1;
    LOGI_RETURN_IF_ERROR(add_left(reader, item.max_time, cell));
    count_in(block, reader.stats().rows);
    return true;
}

// Few are put together one by one, else the block puts together what they are made of.
Status BlockSamples::add_left(block::BlockReader& block, Timestamp time, std::uint32_t cell) {
    if (left_.size() < block.stats().rows / kRowsPerLeft) {
        for (const exec::ColumnRows::LineRow& left : left_) {
            LOGI_RETURN_IF_ERROR(cancel_.check());
            LOGI_RETURN_IF_ERROR(add_left_line(left, {block, 0, time, cell}));
        }
        return absl::OkStatus();
    }
    LOGI_ASSIGN_OR_RETURN(const auto streams, block.streams());
    std::vector<std::uint32_t> rows;
    rows.reserve(left_.size());
    for (const exec::ColumnRows::LineRow& left : left_) {
        LOGI_ASSIGN_OR_RETURN(rows.emplace_back(), columns_->row_of(left));
    }
    std::sort(rows.begin(), rows.end());
    for (const std::uint32_t row : rows) {
        LOGI_RETURN_IF_ERROR(cancel_.check());
        if (streams[row] != stream_) {
            LOGI_RETURN_IF_ERROR(begin_stream(streams[row]));
        }
        LOGI_RETURN_IF_ERROR(add_row({block, row, time, cell}));
    }
    return absl::OkStatus();
}

// Of which stream of their class it is matters only to an error, and so does its place.
Status BlockSamples::add_left_line(const exec::ColumnRows::LineRow& left, Place place) {
    left_line_.clear();
    LOGI_RETURN_IF_ERROR(columns_->append_line(left, left_line_));
    place.line = &left_line_;
    LOGI_ASSIGN_OR_RETURN(const auto value, run_line(place, left_line_, false));
    if (value.has_value() && entry_.labels.has_error()) {
        LOGI_ASSIGN_OR_RETURN(place.row, columns_->row_of(left));
        LOGI_ASSIGN_OR_RETURN(const auto streams, place.block.streams());
        if (streams[place.row] != stream_) {
            LOGI_RETURN_IF_ERROR(begin_stream(streams[place.row]));
        }
        return add_entry(place);
    }
    got_.line_bytes += left_line_.size();
    if (value.has_value()) {
        ++got_.passed_lines;
        LOGI_ASSIGN_OR_RETURN(const std::uint32_t number, series());
        partial_.add(number, place.cell, place.time, *value);
    }
    return absl::OkStatus();
}

Status BlockSamples::add_group(std::size_t group, Timestamp time) {
    LOGI_ASSIGN_OR_RETURN(const exec::ColumnRows::Group rows, columns_->group(group));
    left_.insert(left_.end(), rows.line_rows.begin(), rows.line_rows.end());
    std::vector<std::uint32_t> by_line;
    for (std::uint32_t n = 0; n < rows.counts.size(); ++n) {
        if (rows.counts[n] == 0) {
            continue;
        }
        columns_->go_to_number(group, n);
        LOGI_ASSIGN_OR_RETURN(const Outcome outcome,
                              outcome_of({rows.how, rows.first_number + n}, time));
        if (outcome.kind == Outcome::kSample) {
            counted_.push_back({outcome.series, rows.counts[n], outcome.value});
        } else if (outcome.kind == Outcome::kByLine) {
            by_line.push_back(rows.first_number + n);
        }
    }
    return by_line.empty() ? absl::OkStatus() : columns_->rows_with(group, by_line, left_);
}

Status BlockSamples::add_rows(const exec::ScanRows& rows, exec::OpenBlock& block) {
    if (!rows.rows.empty()) {
        LOGI_RETURN_IF_ERROR(begin_columns(*rows.block));
    }
    for (const std::uint32_t row : rows.rows) {
        LOGI_RETURN_IF_ERROR(cancel_.check());
        if (rows.streams[row] != stream_ || !has_stream_) {
            LOGI_RETURN_IF_ERROR(begin_stream(rows.streams[row]));
        }
        if (const auto cell = plan_.windows.cell(rows.times[row])) {
            LOGI_RETURN_IF_ERROR(add_row({*rows.block, row, rows.times[row], *cell}));
        }
    }
    count_in(block, rows.rows.size());
    return absl::OkStatus();
}

void BlockSamples::count_in(exec::OpenBlock& block, std::uint64_t lines) {
    got_.lines = lines;
    got_.column_lines = column_lines_;
    if (column_lines_ > 0) {
        // What they are on the average: their sizes would have to be read.
        const block::BlockStats& stats = block.reader->stats();
        got_.line_bytes += stats.line_bytes * column_lines_ / stats.rows;
    }
    block.count(got_);
}

Status BlockSamples::add_row(const Place& place) {
    if (plain_) {
        return add_plain(place);
    }
    if (columns_ != nullptr) {
        LOGI_ASSIGN_OR_RETURN(const bool added, add_by_columns(place));
        if (added) {
            return absl::OkStatus();
        }
    }
    return add_entry(place);
}

Status BlockSamples::begin_stream(std::uint32_t stream) {
    has_stream_ = true;
    stream_ = stream;
    labels_ = selection_.labels(stream);
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
Status BlockSamples::add_plain(const Place& place) {
    double value = 1;
    if (plan_.bytes) {
        LOGI_ASSIGN_OR_RETURN(const auto lengths, place.block.line_lengths());
        value = lengths[place.row];
    }
    ++got_.passed_lines;
    partial_.add(series_, place.cell, place.time, value);
    return absl::OkStatus();
}

StatusOr<bool> BlockSamples::add_by_columns(const Place& place) {
    LOGI_ASSIGN_OR_RETURN(const exec::ColumnRows::Place at, columns_->go_to(place.row));
    LOGI_ASSIGN_OR_RETURN(const Outcome outcome, outcome_of(at, place.time));
    if (outcome.kind == Outcome::kByLine) {
        return false;
    }
    ++column_lines_;
    if (outcome.kind == Outcome::kSample) {
        ++got_.passed_lines;
        partial_.add(outcome.series, place.cell, place.time, outcome.value);
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

// What the pipeline makes of the entry, whose labels have begun. Nothing: it is dropped.
std::optional<double> BlockSamples::sample() {
    if (!plan_.pipeline->process(entry_)) {
        return std::nullopt;
    }
    if (plan_.pipeline->unwraps()) {
        return plan_.pipeline->unwrap(entry_);
    }
    return plan_.bytes ? static_cast<double>(entry_.line.size()) : 1;
}

// Of an entry after its pipeline.
StatusOr<std::uint32_t> BlockSamples::series() {
    if (decided_ && !entry_.labels.stream_changed() && !entry_.labels.has_error()) {
        return series_;
    }
    return index_.find(entry_.labels);
}

// An entry with an error has its labels in the message, or as its series: all of them, so that it
// is left to the line.
StatusOr<BlockSamples::Outcome> BlockSamples::run_outlined(Timestamp time) {
    entry_.labels.begin(labels_, {});
    entry_.time = time;
    entry_.outlined = columns_.get();
    entry_.needs_line = false;
    const std::optional<double> value = sample();
    // Bytes are of the new line, unless the stage that should have made it failed.
    const bool without_line = plan_.bytes && value.has_value() && entry_.outlined != nullptr;
    entry_.outlined = nullptr;
    if (entry_.needs_line || without_line) {
        return Outcome{Outcome::kByLine};
    }
    if (!value.has_value()) {
        return Outcome{Outcome::kDropped};
    }
    if (entry_.labels.has_error()) {
        return Outcome{Outcome::kByLine};
    }
    LOGI_ASSIGN_OR_RETURN(const std::uint32_t number, series());
    return Outcome{Outcome::kSample, number, *value};
}

// The same for a line that is there.
StatusOr<std::optional<double>> BlockSamples::run_line(const Place& place,
                                                       std::string_view line,
                                                       bool metadata) {
    pairs_.clear();
    if (metadata) {
        LOGI_RETURN_IF_ERROR(place.block.metadata(place.row, pairs_));
        got_.metadata_bytes += exec::bytes_of(pairs_);
    }
    entry_.labels.begin(labels_, pairs_);
    entry_.time = place.time;
    entry_.line = line;
    return sample();
}

Status BlockSamples::add_entry(const Place& place) {
    std::string_view line;
    if (plan_.bytes || plan_.pipeline->reads_line()) {
        if (place.line != nullptr) {
            line = *place.line;
        } else {
            LOGI_ASSIGN_OR_RETURN(line, place.block.line(place.row));
        }
        got_.line_bytes += line.size();
    }
    const bool metadata = metadata_ && (columns_ == nullptr || columns_->metadata_matters());
    LOGI_ASSIGN_OR_RETURN(auto value, run_line(place, line, metadata));
    // With an error, an entry has all its labels.
    if (value.has_value() && entry_.labels.has_error() && metadata_ && !metadata) {
        LOGI_ASSIGN_OR_RETURN(value, run_line(place, line, true));
    }
    if (!value.has_value()) {
        return absl::OkStatus();
    }
    ++got_.passed_lines;
    if (entry_.labels.has_error() && entry_.labels.get(exec::kPreserveErrorLabel) != "true") {
        return pipeline_error(entry_.labels);
    }
    LOGI_ASSIGN_OR_RETURN(const std::uint32_t number, series());
    partial_.add(number, place.cell, place.time, *value);
    return absl::OkStatus();
}

}  // namespace logi::query
