// The samples of one block for one range aggregation: from lines, from columns row by row or
// template by template, or from numbers of rows that are known already.
#pragma once

#include "exec/pipeline.h"
#include "exec/scan.h"
#include "exec/series_index.h"
#include "exec/windows.h"
#include "io/cancel.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace logi::query {

// What all threads share.
struct RangePlan {
    std::shared_ptr<const exec::Pipeline> pipeline;
    exec::Windows windows;
    std::optional<logql::Grouping> grouping;
    std::string unwrapped;
    bool bytes = false;
    bool equal_entries = false;  // are several

    // Whether the samples of a stream's entries need nothing of them but their times, or their
    // sizes.
    [[nodiscard]] bool is_plain(const Labels& stream) const {
        return pipeline->empty() && !pipeline->needs_metadata(stream);
    }
};

// One thread.
class BlockSamples {
  public:
    BlockSamples(const RangePlan& plan,
                 const segment::Selection& selection,
                 exec::RangePartial& partial,
                 exec::MemoryBudget& budget,
                 const io::CancelToken& cancel)
        : plan_(plan),
          selection_(selection),
          partial_(partial),
          cancel_(cancel),
          index_(plan.grouping, plan.unwrapped, budget) {}

    // What becomes of entries of a stream that have this metadata, or none that matters, where
    // nothing but labels decides it.
    struct ByLabels {
        enum Kind : std::uint8_t { kDropped, kSample, kByRow };
        Kind kind = kByRow;
        std::uint32_t series = 0;
    };
    StatusOr<ByLabels> by_labels(std::uint32_t stream, absl::Span<const MetadataView> metadata);

    // Adds `rows` entries that are samples of a series, all in one cell.
    void add_counted(std::uint32_t series,
                     std::uint32_t cell,
                     Timestamp time,
                     std::uint64_t rows,
                     std::uint64_t line_bytes) {
        partial_.add(series, cell, time, static_cast<double>(plan_.bytes ? line_bytes : rows));
    }

    // Adds the entries of a block that are all wanted and all in one cell, template by template;
    // what columns do not tell, by its lines. False, and nothing was added, where the streams are
    // not all alike to the pipeline, metadata may matter, or samples have more than their number.
    StatusOr<bool> add_whole(const exec::ScanItem& item,
                             exec::OpenBlock& block,
                             std::uint32_t cell);

    Status add_rows(const exec::ScanRows& rows, exec::OpenBlock& block);

    std::vector<exec::PartialSeries> take_series() { return index_.take(); }

  private:
    // What comes of an entry whose line is outlined. kByLine: the line has to tell.
    struct Outcome {
        enum Kind : std::uint8_t { kUnknown, kDropped, kSample, kByLine };
        Kind kind = kUnknown;
        std::uint32_t series = 0;
        double value = 1;
    };

    Status begin_stream(std::uint32_t stream);
    // A row where it belongs.
    struct Place {
        block::BlockReader& block;
        std::uint32_t row = 0;
        Timestamp time;
        std::uint32_t cell = 0;
        const std::string* line = nullptr;  // null: the block has it
    };
    Status begin_columns(block::BlockReader& block);
    Status add_row(const Place& place);
    Status add_plain(const Place& place);
    Status add_entry(const Place& place);
    std::optional<double> sample();
    StatusOr<std::uint32_t> series();
    StatusOr<std::optional<double>> run_line(const Place& place,
                                             std::string_view line,
                                             bool metadata);
    // False: the line is needed.
    StatusOr<bool> add_by_columns(const Place& place);
    // Counts the rows of a template into `counted_` and `left_`.
    Status add_group(std::size_t group, Timestamp time);
    // Looks at the lines in `left_`.
    Status add_left(block::BlockReader& block, Timestamp time, std::uint32_t cell);
    Status add_left_line(const exec::ColumnRows::LineRow& left, Place place);
    void count_in(exec::OpenBlock& block, std::uint64_t lines);
    StatusOr<Outcome> outcome_of(const exec::ColumnRows::Place& place, Timestamp time);
    StatusOr<Outcome> run_outlined(Timestamp time);
    // Whether the wanted streams of a block are all of one class.
    StatusOr<bool> one_class(const exec::ScanItem& item);

    const RangePlan& plan_;
    const segment::Selection& selection_;
    exec::RangePartial& partial_;
    const io::CancelToken& cancel_;
    exec::SeriesIndex index_;
    exec::Entry entry_;
    std::vector<MetadataView> pairs_;
    std::unique_ptr<exec::ColumnRows> columns_;  // of the block; null: none
    std::vector<Outcome> outcomes_;              // by number
    std::uint64_t column_lines_ = 0;             // that were not put together
    // Entries of a whole block of which the same comes.
    struct Counted {
        std::uint32_t series = 0;
        std::uint64_t rows = 0;
        double value = 1;  // of each
    };
    std::vector<Counted> counted_;
    std::vector<exec::ColumnRows::LineRow> left_;  // that could not be counted
    std::string left_line_;
    Labels labels_;  // of the stream that the rows are at
    std::uint32_t stream_ = 0;
    std::uint32_t series_ = 0;
    exec::ReadCounts got_;
    bool has_stream_ = false;
    bool metadata_ = false;
    bool plain_ = false;
    bool decided_ = false;
};

}  // namespace logi::query
