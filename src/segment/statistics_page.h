// Statistics as bytes (docs/format.md, "Statistics").
#pragma once

#include "absl/types/span.h"
#include "base/status.h"
#include "segment/page_cache.h"
#include "segment/statistics.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace logi::segment {

// What all pages have in common.
struct StatisticsHead final : Page {
    std::vector<std::string> levels;   // from kFirstLevel on
    std::vector<MetadataNames> names;  // by block

    [[nodiscard]] std::size_t memory_bytes() const override;
};

[[nodiscard]] std::size_t bytes_of(absl::Span<const ExtentCounts> extents);

// The counts of the extents of a page of streams, one by one.
struct StatisticsPage final : Page {
    std::vector<ExtentCounts> counts;

    [[nodiscard]] std::size_t memory_bytes() const override { return bytes_of(counts); }
};

// A page of format 6: of blocks that follow each other.
struct OldStatisticsPage final : Page {
    StatisticsHead head;
    std::vector<std::size_t> begin;    // by block, in counts; one more at the end
    std::vector<ExtentCounts> counts;  // in the order (block, stream)

    [[nodiscard]] absl::Span<const ExtentCounts> of_block(std::size_t block) const {
        return absl::MakeConstSpan(counts).subspan(begin[block], begin[block + 1] - begin[block]);
    }
    [[nodiscard]] std::size_t memory_bytes() const override {
        return head.memory_bytes() + bytes_of(counts);
    }
};

[[nodiscard]] std::string encode_head(const StatisticsHead& head);
[[nodiscard]] std::string encode_counts(absl::Span<const ExtentCounts* const> extents);

// kDataLoss if the bytes do not fit the extents, blocks, and number of levels.
StatusOr<std::shared_ptr<const StatisticsHead>> decode_head(std::string_view raw,
                                                            std::size_t blocks);
StatusOr<std::vector<ExtentCounts>> decode_counts(std::string_view raw,
                                                  absl::Span<const StreamExtent> extents,
                                                  std::size_t levels);
// `extents` has those of each block, ascending by stream.
StatusOr<std::shared_ptr<const OldStatisticsPage>> decode_old_statistics(
    std::string_view raw, absl::Span<const std::vector<StreamExtent>> extents);

}  // namespace logi::segment
