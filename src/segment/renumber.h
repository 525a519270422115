// Streams of a block that moves to another segment, whose directory has other ordinals for them.
#pragma once

#include "absl/types/span.h"
#include "segment/segment_reader.h"

#include <cstdint>
#include <string>

namespace logi::segment {

// `ordinals` has the new number of each of the segment's streams, in the same order. The
// column is the one that names streams, as it is stored.
Status renumber_streams(const SegmentReader& segment,
                        std::uint32_t block,
                        absl::Span<const std::uint32_t> ordinals,
                        std::string& streams);

}  // namespace logi::segment
