// The entries' times of a block (docs/format.md, "Times").
#pragma once

#include "absl/types/span.h"
#include "block/block.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace logi::block {

// Rows as BlockReader has them; not empty. Returns a region.
[[nodiscard]] std::string encode_times(absl::Span<const Row> rows);

// The raw bytes of the region, and the rows' streams. kDataLoss if they are malformed.
StatusOr<std::vector<Timestamp>> decode_times(std::string_view raw,
                                              absl::Span<const std::uint32_t> streams);

}  // namespace logi::block
