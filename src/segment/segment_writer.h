// Writes a segment: rows in, the file's bytes out.
#pragma once

#include "segment/segment_format.h"
#include "segment/source.h"

#include <cstdint>
#include <string>
#include <vector>

namespace logi::segment {

// One thread. Memory: the encoded bytes, one block of rows (views), and the extents.
class SegmentWriter {
  public:
    // The streams in the order of their ordinals. Of about `line_bytes` of lines, if that is known,
    // the segment grows in place.
    explicit SegmentWriter(std::vector<Labels> streams, std::uint64_t line_bytes = 0);

    // Rows come in the order (stream, time, sequence), without duplicates, and their bytes stay
    // valid until finish().
    void add(const block::Row& row);

    // Ends the file; the writer is used up. At least one row was added.
    std::string finish();

  private:
    struct BlockEntry {
        block::BlockStats stats;
        block::BlockForm form;
        std::array<Region, block::kColumns> regions;
    };
    void close_block();
    [[nodiscard]] std::string encode_directory() const;

    std::vector<Labels> streams_;
    std::string out_;
    block::BlockEncoder encoder_;
    std::vector<block::Row> rows_;
    std::uint64_t line_bytes_ = 0;      // of rows_
    std::uint64_t metadata_bytes_ = 0;  // likewise
    std::vector<BlockEntry> blocks_;
    std::vector<StreamExtent> extents_;
};

}  // namespace logi::segment
