// Gathers the statistics of a segment that is written, and makes them as coarse as it takes.
#pragma once

#include "absl/types/span.h"
#include "segment/count_rows.h"
#include "segment/segment_reader.h"

#include <cstdint>
#include <string>
#include <vector>

namespace logi::segment {

// Memory: less than a count per eight rows and one per extent.
class StatisticsWriter {
  public:
    // A block of rows, and how much each adds to the metadata bytes of its extent.
    void add(absl::Span<const block::Row> rows, absl::Span<const std::uint64_t> metadata_bytes);
    // A block that is copied. Where its segment's statistics are damaged its rows are counted;
    // kDataLoss if they are damaged, too, and then nothing is added.
    Status add(const SegmentReader& from,
               std::uint32_t block,
               absl::Span<const std::uint32_t> ordinals);

    struct Page {
        std::size_t blocks = 0;  // that follow those of the page before
        std::string bytes;       // a region
    };
    // Not more than `bytes_max` together: none if that is too few. Once.
    [[nodiscard]] std::vector<Page> finish(std::uint64_t bytes_max);

  private:
    [[nodiscard]] std::vector<Page> encode() const;

    LevelNumbers levels_;
    std::vector<BlockStatistics> blocks_;
};

}  // namespace logi::segment
