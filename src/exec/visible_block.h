// The rows of a block that may be seen.
#pragma once

#include "exec/visible_source.h"

namespace logi::exec {

// What may not be seen of a stream in a block.
struct HiddenOfStream {
    std::uint32_t stream = 0;
    Timestamp kept_from;
    std::vector<const HideRule*> rules;
    Labels labels;  // if there are rules
};

// Whether each row of the block is hidden.
StatusOr<std::vector<bool>> hidden_of_block(block::BlockReader& reader,
                                            const std::vector<HiddenOfStream>& hidden);

// Reads what it needs to tell which rows are hidden; the other rows are numbered anew. The rules
// must outlive the call.
StatusOr<std::unique_ptr<block::BlockReader>> visible_block(
    std::unique_ptr<block::BlockReader> reader, const std::vector<HiddenOfStream>& hidden);

}  // namespace logi::exec
