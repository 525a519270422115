// What is told of a column by those who look at blocks from outside.
#pragma once

#include "block/column_format.h"

#include <cstdint>
#include <string>
#include <vector>

namespace logi::block {

// Columns within a column follow it, one deeper.
struct ColumnNote {
    int depth = 0;
    ColumnKind kind = kConstant;
    std::size_t rows = 0;
    std::uint64_t stored_bytes = 0;  // of its own payloads; a share of the pool's
    std::string text = {};           // a constant's value
    // Of a template, which follows the column of templates it is of, one deeper, and is followed by
    // its slots' columns, one deeper still: the text around these. Others have none.
    std::vector<std::string> pieces = {};
};

}  // namespace logi::block
