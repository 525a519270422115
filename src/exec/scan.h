// Reading the rows of a stream selector with line filters, block by block.
#pragma once

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "base/mutex.h"
#include "exec/selections.h"
#include "regex/line_filter.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace logi::exec {

struct ScanSpec {
    std::vector<Matcher> matchers;
    std::vector<regex::LineFilter> filters;
    Timestamp first;  // both included
    Timestamp last;
    // Leave out rows that equal a row of another block. Which of them stays is open: a caller to
    // whom their order of arrival matters does it itself.
    bool drop_duplicates = true;
};

// What was read, without what statistics answered.
struct ReadCounts {
    std::uint64_t blocks = 0;
    std::uint64_t lines = 0;           // entries that filters or the pipeline looked at
    std::uint64_t line_bytes = 0;      // of lines that were searched or looked at
    std::uint64_t stored_bytes = 0;    // of columns, as they are in files
    std::uint64_t metadata_bytes = 0;  // names and values that the pipeline got
    std::uint64_t passed_lines = 0;    // filters and pipeline
    std::uint64_t column_lines = 0;    // of lines: what columns answered
    std::uint64_t counted_blocks = 0;  // of blocks: whose entries were counted by template

    ReadCounts& operator+=(const ReadCounts& other);
};

struct ScanStats {
    ReadCounts segments;
    ReadCounts head;
    std::uint64_t blocks_found = 0;  // that may hold rows, whether they were read or not
    std::uint64_t duplicates = 0;

    ScanStats& operator+=(const ScanStats& other);
};

// A block of which some streams are wanted.
struct ScanItem {
    const segment::Selection* selection = nullptr;
    std::uint32_t block = 0;
    Timestamp min_time;  // of the rows that are wanted, as far as the directory tells
    Timestamp max_time;
    bool whole = false;  // every row is of a wanted stream and in the time range
    // Of the wanted streams that have rows in the time range, ascending by stream.
    std::vector<segment::StreamExtent> extents;
    std::vector<std::uint32_t>
        overlapping;  // of those, where another block has rows of the same time
};

// The rows of one block that passed.
struct ScanRows {
    const segment::Selection* selection = nullptr;
    block::BlockReader* block = nullptr;
    absl::Span<const std::uint32_t> streams;  // one per row of the block
    absl::Span<const Timestamp> times;
    std::vector<std::uint32_t> rows;
};

// A block while it is read. Its reader points into it, so it stays where it is.
struct OpenBlock {
    OpenBlock() = default;
    OpenBlock(const OpenBlock&) = delete;
    OpenBlock& operator=(const OpenBlock&) = delete;

    // Opens the block unless that has been done.
    Status open(const ScanItem& item);
    // Adds what the pipeline got. Lines that filters have seen are not counted again.
    void count(const ReadCounts& got);

    std::unique_ptr<block::BlockReader> reader;
    ReadCounts counts;
    bool filtered = false;
};

// What is told of some extents of a block. If that is damaged, which is logged, nothing is: rows
// can still be read, and tell the same.
StatusOr<std::optional<segment::StatisticsView>> told_of(
    const segment::Selection& selection, absl::Span<const segment::StreamExtent> extents);

// Of names and values.
[[nodiscard]] std::uint64_t bytes_of(const std::vector<MetadataView>& metadata);

// One pass over sources. read() may be called from several threads, each item once.
class Scan {
  public:
    // Of what select() found; sources must outlive the scan.
    Scan(Selections selections, ScanSpec spec);
    // The streams that it reads.
    static StatusOr<Selections> select(const Sources& sources, const ScanSpec& spec) {
        return exec::select(sources, spec.matchers, spec.first, spec.last);
    }

    // What could not be selected, one sentence each.
    [[nodiscard]] const std::vector<std::string>& missing() const { return selections_.missing; }

    // Blocks that may hold rows.
    [[nodiscard]] const std::vector<ScanItem>& items() const { return items_; }
    [[nodiscard]] std::vector<ScanItem>& items() { return items_; }

    // Reads one block. `block` gets it and must outlive the result. Rows that equal a row of
    // another block which was read before are left out. kResourceExhausted when too many rows of
    // overlapping blocks have to be remembered for that.
    StatusOr<ScanRows> read(const ScanItem& item, OpenBlock& block);

    // Whether no filter or other block leaves out a row of a block.
    [[nodiscard]] bool takes_all_rows(const ScanItem& item) const {
        return item.whole && item.overlapping.empty() && spec_.filters.empty();
    }

    // Once a block has been read, or as much of it as is needed.
    void add(const ScanItem& item, const OpenBlock& block);
    void add_duplicate();
    [[nodiscard]] ScanStats stats() const;

  private:
    void select_rows(const ScanItem& item, ScanRows& out) const;
    void find_overlaps();
    Status drop_duplicates(const ScanItem& item, ScanRows& rows);
    void read_ahead(const ScanItem& item);

    const Selections selections_;
    const ScanSpec spec_;
    std::vector<ScanItem> items_;
    mutable base::Mutex mutex_;
    ScanStats stats_ LOGI_GUARDED_BY(mutex_);
    absl::flat_hash_set<base::Hash128> seen_ LOGI_GUARDED_BY(mutex_);
    std::size_t opened_ LOGI_GUARDED_BY(mutex_) = 0;  // blocks
    std::size_t ahead_ LOGI_GUARDED_BY(mutex_) = 0;   // items before it have been read ahead
};

}  // namespace logi::exec
