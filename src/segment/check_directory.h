// Whether a segment's directory is whole, and agrees with itself and with the rows.
#pragma once

#include "segment/segment_reader.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace logi::segment {

// The pages of a kind.
struct PageKind {
    std::string_view name;
    std::size_t pages = 0;
    std::uint64_t bytes = 0;
    std::uint64_t greatest = 0;          // of a page
    std::vector<std::uint32_t> damaged;  // their numbers
    Status status;                       // kDataLoss: of the first of these
};

// Reads all pages, each by itself: of streams, of statistics, and of postings.
[[nodiscard]] std::vector<PageKind> check_pages(const SegmentReader& segment);

// kDataLoss unless the postings say what the pages of streams say.
[[nodiscard]] Status check_postings(const SegmentReader& segment);

// kDataLoss unless the extents of a block, ascending by stream, are what its rows say. Bytes are
// not looked at: statistics add up to them.
[[nodiscard]] Status check_extents(const SegmentReader& segment,
                                   absl::Span<const StreamExtent> extents,
                                   block::BlockReader& block);

}  // namespace logi::segment
