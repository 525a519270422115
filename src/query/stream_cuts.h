// Cutting by streams what cannot be cut by time, as segments of several writers overlap at all
// times.
//
// Equal entries, which are one, have the same stream: so a piece has all of its streams, of all
// segments that have its time. Segments have their streams in one order and a block has few of
// them, so what two neighbours both read is little more than a block of each segment.
#pragma once

#include "query/stream_range.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace logi::query {

// A block of the segment by which is cut. Both streams included.
struct CutBlock {
    std::uint32_t first_stream = 0;
    std::uint32_t last_stream = 0;
    double bytes = 0;
};

// Where two ranges meet.
struct StreamCut {
    std::uint32_t stream = 0;  // the first of the second
    double open_bytes = 0;     // of blocks that have streams of both

    friend bool operator==(const StreamCut&, const StreamCut&) = default;
};

// Up to `ranges` - 1 cuts, ascending, between ranges of about equal bytes, each where little is
// open.
std::vector<StreamCut> cuts_of(const std::vector<CutBlock>& blocks, std::size_t ranges);

// What is to be cut.
struct Uncut {
    std::shared_ptr<const segment::Source> largest;  // of the segments; by this is cut
    std::uint64_t largest_bytes = 0;
    std::vector<std::uint64_t> others_bytes;  // of the other segments
    std::uint64_t piece_bytes = 0;
    // One part of that many, and no more, may be read for a neighbour, too.
    std::uint64_t open_share = 1;
};

// Ranges that have all streams, each in one of them, ascending; a single one where no more are
// worth it. Where they meet depends on the segments, so that the same streams go to the same
// readers; matchers and times only decide which neighbours are one range, as they have little of
// what is selected.
std::vector<StreamRange> ranges_of(const Uncut& uncut,
                                   const std::vector<Matcher>& matchers,
                                   Timestamp first,
                                   Timestamp last);

}  // namespace logi::query
