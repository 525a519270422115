// Gathers the statistics of a segment that is written, and makes them as coarse as it takes.
#pragma once

#include "absl/types/span.h"
#include "segment/count_rows.h"
#include "segment/selection.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace logi::segment {

// Memory: less than a count per eight rows and one per extent.
class StatisticsWriter {
  public:
    // A block of rows, and how much each adds to the metadata bytes of its extent.
    void add(absl::Span<const block::Row> rows, absl::Span<const std::uint64_t> metadata_bytes);
    // A block that is copied, all of whose extents these are. Where its segment's statistics are
    // damaged its rows are counted; kDataLoss if they are damaged, too, and then nothing is added.
    Status add(const Selection& from,
               absl::Span<const StreamExtent> extents,
               absl::Span<const std::uint32_t> ordinals);

    struct Encoded {
        std::string head;                // a region, as the pages
        std::vector<std::string> pages;  // one for each page of streams
    };
    // Of pages of streams that begin at these, ascending from 0. Not more than `bytes_max`
    // together: none if that is too few. Once.
    [[nodiscard]] std::optional<Encoded> finish(absl::Span<const std::uint32_t> first_streams,
                                                std::uint64_t bytes_max);

  private:
    [[nodiscard]] Encoded encode(absl::Span<const ExtentCounts* const> extents,
                                 absl::Span<const std::uint32_t> first_streams) const;

    LevelNumbers levels_;
    std::vector<BlockStatistics> blocks_;
};

}  // namespace logi::segment
