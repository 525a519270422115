// What `logi inspect segment` prints.
#pragma once

#include "segment/segment_reader.h"

#include <string>

namespace logi::segment {

struct DumpOptions {
    bool verify = false;         // decode every row, too
    std::size_t templates = 20;  // that are listed, those of most rows
};

// Appends a line per block, what the parts of the file take, templates, kinds of columns, and at
// the end a line of totals, after comparing all checksums. kDataLoss, after describing all that is
// readable, names what is damaged.
Status dump(const SegmentReader& segment, const DumpOptions& options, std::string& out);

}  // namespace logi::segment
