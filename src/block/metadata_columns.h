// The structured metadata of a block's rows, as a column for each name (docs/format.md,
// "Metadata").
#pragma once

#include "absl/types/span.h"
#include "base/buffer.h"
#include "block/block.h"
#include "block/column_reader.h"
#include "block/column_writer.h"
#include "block/gathered_text.h"
#include "block/kept.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace logi::block {

// Keeps its buffers from block to block. One thread.
class MetadataEncoder {
  public:
    // Nothing if no row has any. There is less than GatheredText::kBytesMax.
    [[nodiscard]] std::optional<EncodedColumns> encode(absl::Span<const Row> rows);

  private:
    // A name and the values that are not empty, in the order of the rows.
    struct Name {
        std::string_view text;
        std::vector<std::string_view> values;
        std::vector<Timestamp> times;
    };
    class Pairs;
    void gather(const std::vector<Name>& names);

    GatheredText text_;
    std::vector<Slot> slots_;  // all values
    ColumnWriter writer_;
};

// The tree of a block's metadata, and the names in it.
struct MetadataHead final : Kept {
    base::Buffer tree;  // without bytes if no row has metadata
    std::vector<std::string_view> names;

    // kDataLoss if it is malformed.
    static StatusOr<std::shared_ptr<const MetadataHead>> open(base::Buffer tree);
    [[nodiscard]] std::size_t memory_bytes() const override {
        return sizeof(*this) + tree.size() + names.size() * sizeof(names[0]);
    }
};

// All pairs of a block's rows.
class MetadataTable {
  public:
    MetadataTable() = default;
    // `fetch` gives bytes of the data, `times` the entries' times. kDataLoss if it is malformed.
    static StatusOr<MetadataTable> decode(std::string tree,
                                          PartReader::Fetch fetch,
                                          const RowTimes& times,
                                          std::uint32_t rows);
    // As files before version 5 have it: pair by pair.
    static StatusOr<MetadataTable> decode_pairs(base::Buffer raw, std::uint32_t rows);

    // Valid as long as the table.
    [[nodiscard]] absl::Span<const MetadataView> of(std::uint32_t row) const {
        return begins_.empty() ? absl::Span<const MetadataView>()
                               : absl::MakeConstSpan(pairs_).subspan(
                                     begins_[row], begins_[row + 1] - begins_[row]);
    }

  private:
    class Columns;
    std::shared_ptr<const void> bytes_;  // what the views lie in
    std::vector<MetadataView> pairs_;
    std::vector<std::uint32_t> begins_;  // rows + 1; empty: no row has any
};

}  // namespace logi::block
