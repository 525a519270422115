// Label filters behind parsers, answered by columns before a line is put together.
#pragma once

#include "exec/pipeline.h"
#include "exec/scan.h"

namespace logi::exec {

// Leaves out rows that the pipeline's first stages drop, as far as the columns of the block tell.
// They count as looked at.
Status drop_by_columns(const Pipeline& pipeline, ScanRows& rows, OpenBlock& block);

}  // namespace logi::exec
