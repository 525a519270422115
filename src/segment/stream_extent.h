// The rows of one stream in one block.
#pragma once

#include "base/time.h"

#include <cstdint>

namespace logi::segment {

struct StreamExtent {
    std::uint32_t block = 0;
    std::uint32_t stream = 0;
    std::uint32_t rows = 0;
    Timestamp min_time;
    Timestamp max_time;
    std::uint64_t line_bytes = 0;
    std::uint64_t metadata_bytes = 0;  // as block::MetadataSize counts
    bool has_bytes = true;             // false: a file of an older format that does not tell them
    bool exact = true;  // false: some of the rows may not be seen, so the numbers are at most these
};

}  // namespace logi::segment
