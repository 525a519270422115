// Counts the rows of blocks by stream, minute and level.
#pragma once

#include "absl/container/flat_hash_set.h"
#include "absl/types/span.h"
#include "block/block.h"
#include "segment/statistics.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace logi::segment {

// The levels of a segment, numbered in the order in which they are met.
class LevelNumbers {
  public:
    // Further ones are not told apart.
    static constexpr std::size_t kLevelsMax = 30;

    explicit LevelNumbers(std::vector<std::string> names = {}) : names_(std::move(names)) {}

    [[nodiscard]] std::uint32_t number(std::string_view level);
    // Of an entry with this metadata.
    [[nodiscard]] std::uint32_t of(absl::Span<const MetadataView> metadata);
    [[nodiscard]] const std::vector<std::string>& names() const { return names_; }

  private:
    std::vector<std::string> names_;
};

// One block: rows in its order.
class RowCounter {
  public:
    // Of more names of metadata none is told.
    static constexpr std::size_t kNamesMax = 64;

    explicit RowCounter(LevelNumbers& levels) : levels_(levels) {}
    // The metadata's bytes stay valid until finish().
    void add(std::uint32_t stream,
             Timestamp time,
             std::uint64_t line_bytes,
             absl::Span<const MetadataView> metadata,
             std::uint64_t metadata_bytes);
    // The counts, by minute. `levels` is not set.
    [[nodiscard]] BlockStatistics finish();

  private:
    void add_names(absl::Span<const MetadataView> metadata);
    void close_extent();

    LevelNumbers& levels_;
    BlockStatistics out_;
    std::size_t bucket_begin_ = 0;          // in the extent's counts, of its last bucket
    std::vector<std::string_view> before_;  // names of the row before
    absl::flat_hash_set<std::string_view> names_;
};

// The counts of a block that is read; levels have the numbers that they have in `levels`, or
// further ones.
StatusOr<BlockStatistics> count_rows(block::BlockReader& block,
                                     std::vector<std::string> levels = {});

// Makes the buckets as wide as it takes for each count but the first to stand for `rows_min` rows
// or more; what is wide already stays so. Nothing is told any more of extents of very few rows.
void coarsen(BlockStatistics& statistics, std::uint64_t rows_min);
// Sorts the counts, and adds up those of the same bucket and level.
void settle(ExtentCounts& extent);
// To that width; what is wider stays so.
void widen(ExtentCounts& extent, BucketWidth width);

}  // namespace logi::segment
