#include "block/slot_columns.h"

#include "block/copy_text.h"

namespace logi::block {
namespace {

constexpr std::size_t kAhead = 4;  // rows fetched before they are needed

}  // namespace

void SlotColumns::gather(const char* text, absl::Span<const TemplateSet::Group> groups) {
    measure(groups);
    for (std::size_t i = 0; i < groups.size(); ++i) {
        if (!groups[i].rows.empty()) {
            copy(text, groups[i], i);
        }
    }
}

// Where columns begin.
void SlotColumns::measure(absl::Span<const TemplateSet::Group> groups) {
    places_.assign(groups.size(), {});
    first_columns_.assign(groups.size(), 0);
    begins_.clear();
    std::size_t slots = 0;
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < groups.size(); ++i) {
        const TemplateSet::Group& group = groups[i];
        const std::size_t stride = group.kind.slots();
        places_[i] = {slots, group.rows.size()};
        first_columns_[i] = begins_.size();
        if (group.rows.empty()) {
            continue;
        }
        std::array<std::uint32_t, TemplateTrie::kSlotsMax> sizes{};
        for (std::size_t first = 0; first < group.slots.size(); first += stride) {
            for (std::size_t c = 0; c < stride; ++c) {
                sizes[c] += group.slots[first + c].size;
            }
        }
        for (std::size_t c = 0; c < stride; ++c) {
            begins_.push_back(static_cast<std::uint32_t>(bytes));
            bytes += sizes[c] + kPadding;
        }
        slots += group.slots.size();
    }
    if (text_.size() < bytes) {
        text_ = base::Buffer(bytes);
    }
    if (slots_.size() < slots) {
        slots_.resize(slots);
    }
}

void SlotColumns::copy(const char* text, const TemplateSet::Group& group, std::size_t number) {
    const std::size_t stride = group.kind.slots();
    const std::size_t rows = group.rows.size();
    std::uint32_t* const ends = begins_.data() + first_columns_[number];
    char* const to = text_.data();
    Slot* const out = slots_.data() + places_[number].first;
    const Slot* slot = group.slots.data();
    const Slot* const end = slot + group.slots.size();
    for (std::size_t row = 0; row < rows; ++row) {
        if (const Slot* const ahead = slot + kAhead * stride; ahead < end) {
            __builtin_prefetch(text + ahead->begin);
            __builtin_prefetch(text + ahead[stride / 2].begin);
            __builtin_prefetch(text + ahead[stride - 1].begin);
        }
        for (std::size_t c = 0; c < stride; ++c, ++slot) {
            const std::uint32_t begin = ends[c];
            out[c * rows + row] = {begin, slot->size};
            copy_loosely(to + begin, {text + slot->begin, slot->size});
            ends[c] = begin + slot->size;
        }
    }
}

}  // namespace logi::block
