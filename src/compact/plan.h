// Which segments to merge: a pure function of a snapshot.
//
// Segments of one day are merged once they make up a time slice, or their day is over. What is
// large already stays as it is, so that no entry is written more often than a few times.
#pragma once

#include "absl/container/flat_hash_set.h"
#include "catalog/snapshot.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace logi::compact {

struct PlanOptions {
    // A slice has at most so much of lines, and so much of encoded bytes: it is put together in
    // memory.
    std::uint64_t slice_line_bytes = 1ULL << 30U;
    std::uint64_t slice_size_bytes = 160ULL << 20U;
    std::size_t inputs_max = 32;
    // As many small segments are merged before there is enough for a slice.
    std::size_t small_segments_max = 16;
    // What is left of a day that is over is merged whenever something is added, if it is no more.
    std::uint64_t cheap_line_bytes = 64ULL << 20U;
    // A day is over so long after its end: most of what comes late has come by then.
    Duration late = Duration::hours(1);
};

// Number of the UTC day.
[[nodiscard]] std::int64_t day_of(Timestamp t);

// The segments of one merge, all of one day, in the order of their times; none if there is nothing
// to do. A segment of which the catalog knows nothing is merged alone, to know it. Segments in
// `skip` stay as they are.
[[nodiscard]] std::vector<catalog::SegmentInfo> plan_merge(
    const catalog::Snapshot& snapshot,
    const absl::flat_hash_set<std::string>& skip,
    Timestamp now,
    const PlanOptions& options);

}  // namespace logi::compact
