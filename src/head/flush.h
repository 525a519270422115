// From the groups of a sealed generation to segments.
#pragma once

#include "base/status.h"
#include "base/time.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace logi::head {

struct HeadStream;
struct RowGroup;

struct FlushedSegment {
    std::string bytes;
    Timestamp min_time;
    Timestamp max_time;
    std::uint64_t rows = 0;
    // Entries that are in no segment because an equal one is; of the whole generation they are
    // counted once, over all its segments.
    std::uint64_t duplicates = 0;
    std::uint64_t line_bytes = 0;
    std::uint32_t streams = 0;
};

// By group, whether each row is left out; empty: none of the group, or none at all.
using HiddenRows = std::vector<std::vector<bool>>;

// One segment per UTC day of the entries, streams in the order of their label text. Each is made
// and handed to `put` before the next; an error of `put` ends it. Beside the segment's bytes this
// takes 48 bytes of memory a row.
Status flush_groups(const std::vector<std::shared_ptr<const HeadStream>>& streams,
                    const std::vector<std::shared_ptr<const RowGroup>>& groups,
                    const HiddenRows& hidden,
                    const std::function<Status(FlushedSegment)>& put);

}  // namespace logi::head
