// Sorting of rows into the order that every block has.
#pragma once

#include "block/block.h"
#include "segment/source.h"

#include <vector>

namespace logi::head {

// Sorts by (stream, time, sequence) and drops rows that equal an earlier one in stream, time, line
// and metadata. Returns how many were dropped.
std::uint64_t sort_and_dedupe(std::vector<block::Row>& rows);

// Statistics and per-stream extents (block number 0) of rows in that order; not empty.
block::BlockStats stats_of(const std::vector<block::Row>& rows);
std::vector<segment::StreamExtent> extents_of(const std::vector<block::Row>& rows);

// Whether two rows of one stream are the same entry.
[[nodiscard]] bool same_entry(const block::Row& a, const block::Row& b);

}  // namespace logi::head
