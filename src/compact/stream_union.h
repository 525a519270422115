// The streams of several segments in one order.
#pragma once

#include "model/labels.h"
#include "segment/selection.h"

#include <cstdint>
#include <vector>

namespace logi::compact {

struct StreamUnion {
    std::vector<Labels> streams;  // in the order of their labels
    // Per source and stream its number in `streams`; kNoStream if it has no extents.
    std::vector<std::vector<std::uint32_t>> ordinals;
};
inline constexpr std::uint32_t kNoStream = UINT32_MAX;

// Of a source: some of its streams, and how many it has.
struct StreamsOf {
    const segment::Selection* streams = nullptr;
    std::uint32_t count = 0;
};

// kFailedPrecondition unless each source has its streams in the order of their labels.
StatusOr<StreamUnion> union_of(const std::vector<StreamsOf>& sources);

}  // namespace logi::compact
