// Identifiers that several columns of a block have in common are stored once.
#include "base/check.h"
#include "block/column_writer.h"
#include "block/numbering.h"
#include "block/text_kernels.h"

namespace logi::block {
namespace {

// A list pays if so many of its uses are repetitions.
constexpr double kRepeatedMin = 0.1;
constexpr std::size_t kUsesMin = 64;

// Whether identifiers repeat shows in a sample of values: those with this last digit, one in
// sixteen of them, with all their repetitions. It has to be this far from the share that decides.
constexpr char kSampledDigit = '7';
constexpr std::size_t kSampleMin = 256;
constexpr double kSampleDoubt = 0.04;

// Digits of one length and case.
struct IdKind {
    std::uint32_t size = 0;
    bool upper = false;
    friend auto operator<=>(const IdKind&, const IdKind&) = default;
};

// The columns of such digits, in the order of groups.
struct Column {
    const TemplateSet::Group* group = nullptr;
    std::size_t slot = 0;
    std::vector<std::uint64_t> numbers;
};
struct Uses {
    std::vector<Column> columns;
    std::size_t count = 0;
};

// Nothing if the column has other values. Looks at one value before it looks at all.
std::optional<IdKind> id_kind(const MaskedText& text,
                              const TemplateSet::Group& group,
                              std::size_t slot,
                              std::vector<Slot>& slots) {
    const std::size_t stride = group.kind.slots();
    const std::uint32_t size = group.slots[slot].size;
    const auto hex = [](ClassMask mask) {
        return (mask & ~kLowerHexClasses) == 0 || (mask & ~kUpperHexClasses) == 0;
    };
    if (size < kSharedDigitsMin || !hex(classes_of(text.view(group.slots[slot])))) {
        return std::nullopt;
    }
    slots.clear();
    for (std::size_t i = slot; i < group.slots.size(); i += stride) {
        if (group.slots[i].size != size) {
            return std::nullopt;
        }
        slots.push_back(group.slots[i]);
    }
    const ClassMask classes = classes_of(text.text, slots);
    // Of digits alone, integers are better.
    if (!hex(classes) || classes == kDigitClass) {
        return std::nullopt;
    }
    return IdKind{size, (classes & ~kUpperHexClasses) == 0};
}

// Whether a sample says that no list will pay.
bool seldom_repeated(const MaskedText& text, const Uses& uses) {
    Numbering numbering(text, uses.count / 16);
    std::size_t sampled = 0;
    std::size_t distinct = 0;
    for (const Column& column : uses.columns) {
        const auto& slots = column.group->slots;
        for (std::size_t i = column.slot; i < slots.size(); i += column.group->kind.slots()) {
            if (text.text[slots[i].begin + slots[i].size - 1] == kSampledDigit) {
                ++sampled;
                distinct = std::max<std::size_t>(distinct, numbering.number(slots[i]) + 1);
            }
        }
    }
    return sampled >= kSampleMin &&
           static_cast<double>(distinct) >
               (1 - kRepeatedMin + kSampleDoubt) * static_cast<double>(sampled);
}

// Numbers the values in the order of the lines, so that what follows upon each other has close
// numbers. Returns the distinct ones.
std::vector<Slot> number_ids(const MaskedText& text, std::size_t rows, Uses& uses) {
    // Per row: the first of its group's columns, plus one, and the row's number in the group.
    std::vector<std::pair<std::uint32_t, std::uint32_t>> places(rows);
    for (std::uint32_t c = 0; c < uses.columns.size(); ++c) {
        Column& column = uses.columns[c];
        column.numbers.resize(column.group->rows.size());
        if (c > 0 && uses.columns[c - 1].group == column.group) {
            continue;
        }
        for (std::uint32_t i = 0; i < column.group->rows.size(); ++i) {
            places[column.group->rows[i]] = {c + 1, i};
        }
    }
    Numbering numbering(text, uses.count / 2);
    for (const auto& [first, rank] : places) {
        if (first == 0) {
            continue;
        }
        const TemplateSet::Group* group = uses.columns[first - 1].group;
        for (std::size_t c = first - 1; c < uses.columns.size() && uses.columns[c].group == group;
             ++c) {
            Column& column = uses.columns[c];
            column.numbers[rank] =
                numbering.number(group->slots[rank * group->kind.slots() + column.slot]);
        }
    }
    return numbering.distinct();
}

}  // namespace

void ColumnWriter::write_shared_lists(std::size_t rows, const TemplateSet& set, std::string& meta) {
    shared_.clear();
    std::map<IdKind, Uses> kinds;
    std::vector<Slot> slots;
    for (const auto& group : set.groups()) {
        for (std::size_t slot = 0; !group.rows.empty() && slot < group.kind.slots(); ++slot) {
            if (const auto kind = id_kind(text_, group, slot, slots)) {
                Uses& uses = kinds[*kind];
                uses.columns.push_back({&group, slot, {}});
                uses.count += group.rows.size();
            }
        }
    }
    std::string lists;
    std::size_t count = 0;
    for (auto& [kind, uses] : kinds) {
        if (uses.count < kUsesMin || count == kSharedListsMax || seldom_repeated(text_, uses)) {
            continue;
        }
        const auto distinct = number_ids(text_, rows, uses);
        if (static_cast<double>(distinct.size()) >
            (1 - kRepeatedMin) * static_cast<double>(uses.count)) {
            continue;
        }
        const Stamp stamp{kind.upper ? kUpperHexClasses : kLowerHexClasses, kind.size, kind.size};
        for (Column& column : uses.columns) {
            shared_[{column.group, column.slot}] = {count, stamp, std::move(column.numbers)};
        }
        base::ByteWriter(lists).varint(distinct.size());
        LOGI_CHECK(write_hex({distinct, {}}, {stamp, false}, lists));
        ++count;
    }
    base::ByteWriter(meta).varint(count);
    meta.append(lists);
}

const ColumnWriter::Shared* ColumnWriter::shared(const TemplateSet::Group& group,
                                                 std::size_t slot) const {
    const auto it = shared_.find({&group, slot});
    return it == shared_.end() ? nullptr : &it->second;
}

void ColumnWriter::write_lines(const Values& values, const TemplateSet& set, std::string& meta) {
    write_shared_lists(values.slots.size(), set, meta);
    write_templates(values, set, 0, meta);
}

}  // namespace logi::block
