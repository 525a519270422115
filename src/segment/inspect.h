// What `logi inspect segment` prints.
#pragma once

#include "segment/segment_reader.h"

#include <string>

namespace logi::segment {

// Appends blocks, streams and row counts, after reading every column of every block. kDataLoss,
// after describing all that is readable, names what is damaged.
Status dump(const SegmentReader& segment, std::string& out);

}  // namespace logi::segment
