// The values of slots, gathered by slot: whoever looks at a column walks through memory.
#pragma once

#include "absl/types/span.h"
#include "base/buffer.h"
#include "block/template_set.h"

#include <vector>

namespace logi::block {

// Keeps its memory from text to text. One thread.
class SlotColumns {
  public:
    // Forgets what was before. The groups are of `text`.
    void gather(const char* text, absl::Span<const TemplateSet::Group> groups);

    // The values of a slot of a group with rows, one after another, in the order of the rows. Parts
    // of text().
    [[nodiscard]] absl::Span<const Slot> column(std::size_t group, std::size_t slot) const {
        const Place& place = places_[group];
        return {slots_.data() + place.first + slot * place.rows, place.rows};
    }
    // Their heads (text_kernels.h), if each is all of a value: these are stored as their heads.
    [[nodiscard]] absl::Span<const std::uint64_t> heads(std::size_t group, std::size_t slot) const {
        const Place& place = places_[group];
        const Column& column = columns_[place.first_column + slot];
        return column.short_values
                   ? absl::Span(reinterpret_cast<const std::uint64_t*>(text() + column.begin),
                                place.rows)
                   : absl::Span<const std::uint64_t>();
    }
    // Behind a column are kPadding bytes or more.
    [[nodiscard]] const char* text() const { return text_.view().data(); }

  private:
    static constexpr std::size_t kPadding = 64;
    struct Place {
        std::size_t first = 0;  // of its slots
        std::size_t rows = 0;
        std::size_t first_column = 0;
    };
    struct Column {
        std::uint32_t begin = 0;  // in the text
        std::uint32_t end = 0;    // of what has been copied
        bool short_values = false;
    };
    void measure(absl::Span<const TemplateSet::Group> groups);
    void copy(const char* text, const TemplateSet::Group& group, const Place& place);
    void copy_texts(const char* text,
                    const Slot* from,
                    std::size_t stride,
                    absl::Span<Slot> to,
                    Column& column);
    void copy_heads(const char* text,
                    const Slot* from,
                    std::size_t stride,
                    absl::Span<Slot> to,
                    Column& column);

    std::vector<Place> places_;    // of groups
    std::vector<Column> columns_;  // group after group
    std::vector<Slot> slots_;      // column after column
    base::Buffer text_;
};

}  // namespace logi::block
