// The streams of several segments in one order.
#pragma once

#include "model/labels.h"
#include "segment/source.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace logi::compact {

struct StreamUnion {
    std::vector<Labels> streams;  // in the order of their labels
    // Per source and stream its number in `streams`; kNoStream if it has no extents.
    std::vector<std::vector<std::uint32_t>> ordinals;
};
inline constexpr std::uint32_t kNoStream = UINT32_MAX;

// Of streams that have extents. kFailedPrecondition unless each source has its streams in the order
// of their labels.
StatusOr<StreamUnion> union_of(const std::vector<std::shared_ptr<const segment::Source>>& sources);

}  // namespace logi::compact
