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
    // Behind a column are kPadding bytes or more.
    [[nodiscard]] const char* text() const { return text_.view().data(); }

  private:
    static constexpr std::size_t kPadding = 64;
    struct Place {
        std::size_t first = 0;  // of its slots
        std::size_t rows = 0;
    };
    void measure(absl::Span<const TemplateSet::Group> groups);
    void copy(const char* text, const TemplateSet::Group& group, std::size_t number);

    std::vector<Place> places_;               // of groups
    std::vector<std::uint32_t> begins_;       // of columns in the text, group after group
    std::vector<std::size_t> first_columns_;  // of groups
    std::vector<Slot> slots_;                 // column after column
    base::Buffer text_;
};

}  // namespace logi::block
