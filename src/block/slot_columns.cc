#include "block/slot_columns.h"

#include "block/copy_text.h"

namespace logi::block {
namespace {

// So many rows are copied at once.
constexpr std::size_t kRows = 32;
constexpr std::size_t kCacheLine = 64;
// Of a longer text the first bytes are fetched.
constexpr std::size_t kFetchedMax = 512;

// Asks for the texts of so many rows.
void fetch(const char* text, const Slot* slots, std::size_t rows, std::size_t stride) {
    for (std::size_t row = 0; stride > 0 && row < rows; ++row, slots += stride) {
        const Slot& last = slots[stride - 1];
        const std::size_t begin = slots->begin;
        const std::size_t end = std::min<std::size_t>(last.begin + last.size, begin + kFetchedMax);
        for (std::size_t i = begin; i < end; i += kCacheLine) {
            __builtin_prefetch(text + i);
        }
    }
}

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

// Some rows at a time, whose texts stay in the CPU's nearest memory; and of those column by column,
// as the values of one are much alike in length.
void SlotColumns::copy(const char* text, const TemplateSet::Group& group, std::size_t number) {
    const std::size_t stride = group.kind.slots();
    const std::size_t rows = group.rows.size();
    std::uint32_t* const ends = begins_.data() + first_columns_[number];
    Slot* const out = slots_.data() + places_[number].first;
    const Slot* const slots = group.slots.data();
    fetch(text, slots, std::min(rows, kRows), stride);
    for (std::size_t first = 0; first < rows; first += kRows) {
        const std::size_t end = std::min(rows, first + kRows);
        fetch(text, slots + end * stride, std::min(rows - end, kRows), stride);
        for (std::size_t c = 0; c < stride; ++c) {
            char* to = text_.data() + ends[c];
            for (std::size_t row = first; row < end; ++row) {
                const Slot& slot = slots[row * stride + c];
                out[c * rows + row] = {static_cast<std::uint32_t>(to - text_.data()), slot.size};
                to = copy_loosely(to, {text + slot.begin, slot.size});
            }
            ends[c] = static_cast<std::uint32_t>(to - text_.data());
        }
    }
}

}  // namespace logi::block
