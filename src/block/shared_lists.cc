// Identifiers that several columns of a block have in common are stored once.
#include "block/column_writer.h"
#include "block/numbering.h"

namespace logi::block {
namespace {

// A list pays if so many of its uses are repetitions.
constexpr double kRepeatedMin = 0.1;
constexpr std::size_t kUsesMin = 64;

// Digits of one length and case.
struct IdKind {
    std::uint32_t size = 0;
    bool upper = false;
    friend auto operator<=>(const IdKind&, const IdKind&) = default;
};

struct Use {
    std::uint32_t row = 0;
    std::uint32_t column = 0;  // into `columns`
    Slot slot;
};

struct Uses {
    std::vector<std::pair<const TemplateSet::Group*, std::size_t>> columns;
    std::vector<Use> all;
};

std::optional<IdKind> id_kind(const MaskedText& text, const TemplateSet::Group& group, std::size_t slot) {
    const std::size_t stride = group.kind.slots();
    const std::uint32_t size = group.slots[slot].size;
    if (size < kSharedDigitsMin) {
        return std::nullopt;
    }
    ClassMask classes = 0;
    for (std::size_t i = slot; i < group.slots.size(); i += stride) {
        if (group.slots[i].size != size) {
            return std::nullopt;
        }
        classes |= classes_of(text.view(group.slots[i]));
        if ((classes & ~(kLowerHexClasses | kUpperHexClasses)) != 0) {
            return std::nullopt;
        }
    }
    const bool lower = (classes & ~kLowerHexClasses) == 0;
    const bool upper = (classes & ~kUpperHexClasses) == 0;
    // Of digits alone, integers are better.
    return lower == upper ? std::nullopt : std::optional(IdKind{size, upper});
}

}  // namespace

void ColumnWriter::write_shared_lists(const TemplateSet& set, std::string& meta) {
    shared_.clear();
    std::map<IdKind, Uses> kinds;
    for (const auto& group : set.groups()) {
        for (std::size_t slot = 0; !group.rows.empty() && slot < group.kind.slots(); ++slot) {
            const auto kind = id_kind(text_, group, slot);
            if (!kind) {
                continue;
            }
            Uses& uses = kinds[*kind];
            const auto column = static_cast<std::uint32_t>(uses.columns.size());
            uses.columns.emplace_back(&group, slot);
            for (std::size_t i = 0; i < group.rows.size(); ++i) {
                uses.all.push_back(
                    {group.rows[i], column, group.slots[i * group.kind.slots() + slot]});
            }
        }
    }
    std::string lists;
    std::size_t count = 0;
    for (auto& [kind, uses] : kinds) {
        if (uses.all.size() < kUsesMin || count == kSharedListsMax) {
            continue;
        }
        // In the order of the lines, so that what follows upon each other has close numbers.
        std::sort(uses.all.begin(), uses.all.end(), [](const Use& a, const Use& b) {
            return std::pair(a.row, a.column) < std::pair(b.row, b.column);
        });
        Numbering numbering(text_);
        std::vector<std::vector<std::uint64_t>> numbers(uses.columns.size());
        for (const Use& use : uses.all) {
            numbers[use.column].push_back(numbering.number(use.slot));
        }
        const auto distinct = static_cast<double>(numbering.distinct().size());
        if (distinct > (1 - kRepeatedMin) * static_cast<double>(uses.all.size())) {
            continue;
        }
        for (std::size_t c = 0; c < uses.columns.size(); ++c) {
            shared_[uses.columns[c]] = {count, std::move(numbers[c])};
        }
        base::ByteWriter(lists).varint(numbering.distinct().size());
        write({numbering.distinct(), {}}, 1, lists);
        ++count;
    }
    base::ByteWriter(meta).varint(count);
    meta.append(lists);
}

const ColumnWriter::Shared* ColumnWriter::shared(const TemplateSet::Group& group, std::size_t slot) const {
    const auto it = shared_.find({&group, slot});
    return it == shared_.end() ? nullptr : &it->second;
}

void ColumnWriter::write_lines(const Values& values, const TemplateSet& set, std::string& meta) {
    write_shared_lists(set, meta);
    write_templates(values, set, 0, meta);
}

}  // namespace logi::block
