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
struct TextsColumn {
    std::size_t group = 0;
    std::size_t slot = 0;
    absl::Span<const Slot> values;
    std::vector<std::uint64_t> numbers;
};
struct Uses {
    std::vector<TextsColumn> columns;
    std::size_t count = 0;
};

// Nothing if the column has other values. Looks at one value before it looks at all.
std::optional<IdKind> id_kind(const char* text, absl::Span<const Slot> values) {
    const std::uint32_t size = values[0].size;
    const auto hex = [](ClassMask mask) {
        return (mask & ~kLowerHexClasses) == 0 || (mask & ~kUpperHexClasses) == 0;
    };
    const char* const first = text + values[0].begin;
    if (size < kSharedDigitsMin || !hex(classes_of(std::string_view(first, size)))) {
        return std::nullopt;
    }
    for (const Slot& value : values) {
        if (value.size != size) {
            return std::nullopt;
        }
    }
    const ClassMask classes = classes_of_run({first, size * values.size()});
    // Of digits alone, integers are better.
    if (!hex(classes) || classes == kDigitClass) {
        return std::nullopt;
    }
    return IdKind{size, (classes & ~kUpperHexClasses) == 0};
}

// Whether a sample says that no list will pay.
bool seldom_repeated(const char* text, const Uses& uses) {
    Numbering numbering(text, uses.count / 16);
    std::size_t sampled = 0;
    std::size_t distinct = 0;
    for (const TextsColumn& column : uses.columns) {
        for (const Slot& value : column.values) {
            if (text[value.begin + value.size - 1] == kSampledDigit) {
                ++sampled;
                distinct = std::max<std::size_t>(distinct, numbering.number(value) + 1);
            }
        }
    }
    return sampled >= kSampleMin &&
           static_cast<double>(distinct) >
               (1 - kRepeatedMin + kSampleDoubt) * static_cast<double>(sampled);
}

// Numbers the values in the order of the lines, so that what follows upon each other has close
// numbers. Returns the distinct ones.
std::vector<Slot> number_ids(const char* text,
                             absl::Span<const TemplateSet::Group> groups,
                             std::size_t rows,
                             Uses& uses) {
    // Per row: the first of its group's columns, plus one, and the row's number in the group.
    std::vector<std::pair<std::uint32_t, std::uint32_t>> places(rows);
    for (std::uint32_t c = 0; c < uses.columns.size(); ++c) {
        TextsColumn& column = uses.columns[c];
        column.numbers.resize(column.values.size());
        if (c > 0 && uses.columns[c - 1].group == column.group) {
            continue;
        }
        const auto& group_rows = groups[column.group].rows;
        for (std::uint32_t i = 0; i < group_rows.size(); ++i) {
            places[group_rows[i]] = {c + 1, i};
        }
    }
    Numbering numbering(text, uses.count / 2);
    for (const auto& [first, rank] : places) {
        if (first == 0) {
            continue;
        }
        const std::size_t group = uses.columns[first - 1].group;
        for (std::size_t c = first - 1; c < uses.columns.size() && uses.columns[c].group == group;
             ++c) {
            TextsColumn& column = uses.columns[c];
            column.numbers[rank] = numbering.number(column.values[rank]);
        }
    }
    return numbering.distinct();
}

}  // namespace

void ColumnWriter::write_shared_lists(std::size_t rows, const TemplateSet& set, std::string& meta) {
    shared_.clear();
    std::map<IdKind, Uses> kinds;
    const char* const text = columns_.text();
    const absl::Span<const TemplateSet::Group> groups = set.groups();
    for (std::size_t group = 0; group < groups.size(); ++group) {
        const std::size_t slots = groups[group].rows.empty() ? 0 : groups[group].kind.slots();
        for (std::size_t slot = 0; slot < slots; ++slot) {
            const auto values = columns_.column(group, slot);
            if (const auto kind = id_kind(text, values)) {
                Uses& uses = kinds[*kind];
                uses.columns.push_back({group, slot, values, {}});
                uses.count += values.size();
            }
        }
    }
    std::string lists;
    std::size_t count = 0;
    for (auto& [kind, uses] : kinds) {
        if (uses.count < kUsesMin || count == kSharedListsMax || seldom_repeated(text, uses)) {
            continue;
        }
        const auto distinct = number_ids(text, groups, rows, uses);
        if (static_cast<double>(distinct.size()) >
            (1 - kRepeatedMin) * static_cast<double>(uses.count)) {
            continue;
        }
        const Stamp stamp{kind.upper ? kUpperHexClasses : kLowerHexClasses, kind.size, kind.size};
        for (TextsColumn& column : uses.columns) {
            shared_[{column.group, column.slot}] = {count, stamp, std::move(column.numbers)};
        }
        base::ByteWriter(lists).varint(distinct.size());
        LOGI_CHECK(write_hex({text, distinct, {}}, {stamp, false}, lists));
        ++count;
    }
    base::ByteWriter(meta).varint(count);
    meta.append(lists);
}

void ColumnWriter::write_lines(const Values& values, const TemplateSet& set, std::string& meta) {
    columns_.gather(values.text, set.groups());
    write_shared_lists(values.slots.size(), set, meta);
    write_templates(values, set, columns_, 0, meta);
}

}  // namespace logi::block
