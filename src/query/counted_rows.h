// What directory and statistics tell of a block's entries, so that their rows need not be read.
#pragma once

#include "query/block_samples.h"

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace logi::query {

// One block, one thread.
class CountedRows {
  public:
    CountedRows(const RangePlan& plan, exec::ScanItem& item, BlockSamples& samples)
        : plan_(plan), item_(item), samples_(samples) {}

    // Adds the samples of all entries that can be counted, and leaves in the item the extents that
    // have others. Of blocks that have them minutes are read, which opens the block.
    Status take(exec::OpenBlock& block);

    // Keeps the rows of entries that were not counted.
    void drop_counted(exec::ScanRows& rows) const;
    // How many those are, as far as it is known without reading them.
    [[nodiscard]] std::uint64_t rows_left() const { return rows_left_; }

  private:
    using Times = std::pair<Timestamp, Timestamp>;  // both included
    // Of an extent.
    struct Done {
        std::vector<Times> times;  // ascending: all entries then are counted
        std::uint64_t rows = 0;
        bool all = true;
    };

    [[nodiscard]] bool may_count(const segment::StreamExtent& extent) const;
    StatusOr<bool> take_whole(const segment::StreamExtent& extent, bool metadata);
    StatusOr<Done> take_counts(const segment::StreamExtent& extent, bool metadata);
    StatusOr<Done> take_minutes(const segment::StreamExtent& extent, exec::OpenBlock& block);
    // False: the rows of the bucket have to be read.
    StatusOr<bool> take_bucket(std::uint32_t stream,
                               absl::Span<const segment::LevelCount> counts,
                               const Times& times,
                               bool metadata);
    StatusOr<BlockSamples::ByLabels> by_level(std::uint32_t stream, std::uint32_t level);
    [[nodiscard]] bool metadata_matters() const;
    void leave(const segment::StreamExtent& extent, Done done);

    const RangePlan& plan_;
    exec::ScanItem& item_;
    BlockSamples& samples_;
    std::optional<segment::StatisticsView> statistics_;  // none, or not asked for
    bool has_asked_ = false;
    std::vector<std::optional<BlockSamples::ByLabels>> of_level_;  // of the extent
    std::vector<segment::StreamExtent> left_;
    std::vector<std::vector<Times>> times_done_;  // of each of these
    std::uint64_t rows_left_ = 0;
};

}  // namespace logi::query
