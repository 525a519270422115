#include "block/slot_columns.h"

#include "block/copy_text.h"
#include "block/text_kernels.h"

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
            copy(text, groups[i], places_[i]);
        }
    }
}

// Where columns begin.
void SlotColumns::measure(absl::Span<const TemplateSet::Group> groups) {
    places_.assign(groups.size(), {});
    columns_.clear();
    std::size_t slots = 0;
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < groups.size(); ++i) {
        const TemplateSet::Group& group = groups[i];
        const std::size_t stride = group.kind.slots();
        const std::size_t rows = group.rows.size();
        places_[i] = {slots, rows, columns_.size()};
        if (rows == 0) {
            continue;
        }
        std::array<std::uint32_t, TemplateTrie::kSlotsMax> sizes{};
        std::array<std::uint32_t, TemplateTrie::kSlotsMax> longest{};  // less one, bits of all
        for (std::size_t first = 0; first < group.slots.size(); first += stride) {
            for (std::size_t c = 0; c < stride; ++c) {
                sizes[c] += group.slots[first + c].size;
                longest[c] |= group.slots[first + c].size - 1;
            }
        }
        for (std::size_t c = 0; c < stride; ++c) {
            const bool heads = longest[c] < kHeadBytes;
            const std::size_t begin =
                heads ? (bytes + kHeadBytes - 1) / kHeadBytes * kHeadBytes : bytes;
            const auto at = static_cast<std::uint32_t>(begin);
            columns_.push_back({at, at, heads});
            bytes = begin + (heads ? rows * kHeadBytes : sizes[c]) + kPadding;
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
void SlotColumns::copy(const char* text, const TemplateSet::Group& group, const Place& place) {
    const std::size_t stride = group.kind.slots();
    const Slot* const slots = group.slots.data();
    fetch(text, slots, std::min(place.rows, kRows), stride);
    for (std::size_t first = 0; first < place.rows; first += kRows) {
        const std::size_t end = std::min(place.rows, first + kRows);
        fetch(text, slots + end * stride, std::min(place.rows - end, kRows), stride);
        for (std::size_t c = 0; c < stride; ++c) {
            Column& column = columns_[place.first_column + c];
            const Slot* const from = slots + first * stride + c;
            Slot* const to = slots_.data() + place.first + c * place.rows + first;
            const auto out = absl::MakeSpan(to, end - first);
            if (column.short_values) {
                copy_heads(text, from, stride, out, column);
            } else {
                copy_texts(text, from, stride, out, column);
            }
        }
    }
}

void SlotColumns::copy_texts(
    const char* text, const Slot* from, std::size_t stride, absl::Span<Slot> to, Column& column) {
    char* const base = text_.data();
    char* at = base + column.end;
    for (Slot& slot : to) {
        slot = {static_cast<std::uint32_t>(at - base), from->size};
        at = copy_loosely(at, {text + from->begin, from->size});
        from += stride;
    }
    column.end = static_cast<std::uint32_t>(at - base);
}

void SlotColumns::copy_heads(
    const char* text, const Slot* from, std::size_t stride, absl::Span<Slot> to, Column& column) {
    char* const base = text_.data();
    std::uint32_t at = column.end;
    for (Slot& slot : to) {
        const std::uint64_t head = head_of(text, *from);
        std::memcpy(base + at, &head, sizeof(head));
        slot = {at, from->size};
        at += kHeadBytes;
        from += stride;
    }
    column.end = at;
}

}  // namespace logi::block
