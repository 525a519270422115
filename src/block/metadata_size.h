// What structured metadata counts for in the statistics of a stream.
#pragma once

#include "absl/container/flat_hash_set.h"
#include "absl/types/span.h"
#include "model/entry.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace logi::block {

// Counts as Loki does in the size of a chunk: eight bytes per pair, and each text, name or value,
// once. Rows are added in their order, so that the sizes of parts add up to the size of the whole.
class MetadataSize {
  public:
    // The bytes that a row adds. The views have to stay valid until clear().
    std::uint64_t add(absl::Span<const MetadataView> pairs);
    // Forgets the texts: what follows is another stream or block.
    void clear();

  private:
    std::uint64_t add_text(std::string_view text);

    absl::flat_hash_set<std::string_view> texts_;
    std::vector<MetadataView> last_;  // pairs of the row before: most texts come again at once
};

}  // namespace logi::block
