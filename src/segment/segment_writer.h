// Writes a segment: rows in, the file's bytes out.
#pragma once

#include "base/bytes.h"
#include "segment/segment_format.h"
#include "segment/segment_reader.h"
#include "segment/statistics_writer.h"

#include <cstdint>
#include <string>
#include <vector>

namespace logi::segment {

// One thread. Memory: the encoded bytes, one block of rows (views), the extents, and the
// statistics.
class SegmentWriter {
  public:
    // The streams in the order of their ordinals. Of about `line_bytes` of lines, if that is known,
    // the segment grows in place.
    explicit SegmentWriter(std::vector<Labels> streams, std::uint64_t line_bytes = 0);

    // Rows come in the order (stream, time, sequence), without duplicates, and their bytes stay
    // valid until finish() or close_block().
    void add(const block::Row& row);

    // Ends the block of the rows that were added, if there are any. It ends by itself before the
    // row with which it would be too large; starts_block() tells whether that is the next one.
    void close_block();
    [[nodiscard]] bool starts_block(std::string_view line,
                                    absl::Span<const MetadataView> metadata) const;

    // Copies a block of a segment that stores blocks alike; rows that were added so far end their
    // block. `extents` are those of the block, all of them, which are in `streams`, and `ordinals`
    // has the number here of each of the segment's streams, in the same order. kDataLoss if the
    // block is damaged; then nothing is copied.
    Status add_block(const SegmentReader& from,
                     const Selection& streams,
                     absl::Span<const StreamExtent> extents,
                     absl::Span<const std::uint32_t> ordinals);

    // So far.
    [[nodiscard]] std::uint64_t size_bytes() const { return out_.size(); }
    [[nodiscard]] bool empty() const { return rows_.empty() && root_.blocks.empty(); }

    // Ends the file; the writer is used up. At least one row was added.
    std::string finish();

  private:
    [[nodiscard]] Region append(std::string_view bytes);
    void append_streams();
    void append_stream_page(std::uint32_t first_stream,
                            std::uint32_t end_stream,
                            absl::Span<const StreamExtent> extents);
    void append_statistics();
    void append_postings();

    std::vector<Labels> streams_;
    std::string out_;
    block::BlockEncoder encoder_;
    std::vector<block::Row> rows_;
    std::uint64_t line_bytes_ = 0;      // of rows_
    std::uint64_t metadata_bytes_ = 0;  // likewise
    Root root_;
    std::vector<StreamExtent> extents_;
    StatisticsWriter statistics_;
    std::vector<std::uint64_t> metadata_bytes_of_rows_;  // of the block that is closed
};

}  // namespace logi::segment
