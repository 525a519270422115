// What a reader of a segment knows from the start: its blocks, and where the pages of its
// directory are (docs/format.md, "Segment").
#pragma once

#include "base/status.h"
#include "base/time.h"
#include "block/block.h"
#include "block/block_format.h"
#include "model/labels.h"
#include "segment/segment_format.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace logi::segment {

using Regions = std::array<Region, block::kColumns>;

struct StreamPagePlace {
    Region region;
    std::uint32_t first_stream = 0;
    std::uint32_t streams = 0;
    Timestamp min_time;  // of all extents
    Timestamp max_time;
};

struct PostingsPagePlace {
    Region region;
    LabelPair first;  // of the page
};

// A page of format 6: statistics of blocks that follow each other.
struct OldStatisticsPlace {
    std::uint32_t first_block = 0;
    std::uint32_t blocks = 0;
    Region region;
};

struct Root {
    std::uint32_t streams = 0;
    std::vector<block::BlockStats> blocks;
    std::vector<block::BlockForm> forms;  // by block, as the next
    std::vector<Regions> regions;
    // Pages of streams, and of statistics: one for each of them, or none.
    std::vector<StreamPagePlace> stream_pages;
    std::vector<Region> statistics_pages;
    Region statistics_head;                         // no length: there are no statistics
    std::vector<PostingsPagePlace> postings_pages;  // none: there is only one page of streams
    std::vector<OldStatisticsPlace> old_statistics;

    [[nodiscard]] std::size_t memory_bytes() const;
    // Of all statistics.
    [[nodiscard]] std::uint64_t statistics_bytes() const;
    // The page that has the stream.
    [[nodiscard]] std::size_t page_of(std::uint32_t stream) const;
};

// As bytes, before compression, of format 7. All regions follow each other in the file, in the
// order: blocks, pages of streams, statistics' head, pages of statistics, postings, root.
[[nodiscard]] std::string encode_root(const Root& root);

// kDataLoss unless the regions reach to `end`, where the root itself begins.
StatusOr<Root> decode_root(std::string_view raw, std::uint64_t end);

}  // namespace logi::segment
