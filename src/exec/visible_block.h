// The rows of a block that may be seen.
#pragma once

#include "exec/visible_source.h"

namespace logi::exec {

// What may not be seen of a stream in a block.
struct HiddenOfStream {
    std::uint32_t stream = 0;
    Timestamp kept_from;
    std::vector<const HideRule*> rules;
};

// Whether each row of the block is hidden.
StatusOr<std::vector<bool>> hidden_of_block(block::BlockReader& reader,
                                            const segment::Source& source,
                                            const std::vector<HiddenOfStream>& hidden);

// Reads what it needs to tell which rows are hidden; the other rows are numbered anew. `source` and
// the rules must outlive the reader.
StatusOr<std::unique_ptr<block::BlockReader>> visible_block(
    std::unique_ptr<block::BlockReader> reader,
    const segment::Source& source,
    const std::vector<HiddenOfStream>& hidden);

}  // namespace logi::exec
