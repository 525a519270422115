// What is told of a column by those who look at blocks from outside.
#pragma once

#include "block/column_format.h"

#include <cstdint>
#include <string>

namespace logi::block {

// Columns within a column follow it, one deeper.
struct ColumnNote {
    int depth = 0;
    ColumnKind kind = kConstant;
    std::size_t rows = 0;
    std::uint64_t stored_bytes = 0;  // of its own payloads; a share of the pool's
    std::string text;                // a constant's value, a template's pieces
};

}  // namespace logi::block
