// A block's lines as what they are made of: each is of a template, constant pieces with a value
// between each two, and the values of one slot are a column.
#pragma once

#include "absl/types/span.h"
#include "base/status.h"
#include "block/line_head.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace logi::block {

// One thread; what calls return stays as long as the block's reader. kDataLoss says what is
// malformed.
class LineTemplates {
  public:
    virtual ~LineTemplates() = default;
    [[nodiscard]] virtual std::size_t templates() const = 0;
    // One more than slots.
    [[nodiscard]] virtual absl::Span<const std::string_view> pieces(std::size_t number) const = 0;
    [[nodiscard]] virtual std::size_t rows_of(std::size_t number) const = 0;
    // The block's rows of a template, ascending; with templates() those of none.
    virtual StatusOr<absl::Span<const std::uint32_t>> places(std::size_t number) = 0;
    // Appends the line of a place.
    virtual Status append_line(std::size_t number, std::size_t rank, std::string& out) = 0;
    // Values of a slot, one per place; none is empty.
    virtual StatusOr<ColumnReader*> column(std::size_t number, std::size_t slot) = 0;
    // The stamps of all slots' columns: none of these is opened for them.
    virtual StatusOr<absl::Span<const ColumnPlace>> column_places(std::size_t number) = 0;
    // Of the pieces.
    virtual StatusOr<base::Hash128> pieces_hash(std::size_t number) = 0;

    // Per row of the block: its template, or templates(), and its number among the places.
    struct RowTemplates {
        absl::Span<const std::uint16_t> numbers;
        absl::Span<const std::uint32_t> ranks;
    };
    virtual StatusOr<RowTemplates> row_templates() = 0;
};

}  // namespace logi::block
