// The statistics of some blocks as bytes (docs/format.md, "Statistics").
#pragma once

#include "absl/types/span.h"
#include "base/status.h"
#include "segment/statistics.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace logi::segment {

// Blocks that follow each other, and the levels that their counts number.
[[nodiscard]] std::string encode_statistics(absl::Span<const BlockStatistics> blocks,
                                            const std::vector<std::string>& levels);

// `extents` has those of each block, ascending by stream. kDataLoss if the bytes do not fit them.
StatusOr<std::vector<BlockStatistics>> decode_statistics(
    std::string_view raw, absl::Span<const std::vector<StreamExtent>> extents);

}  // namespace logi::segment
