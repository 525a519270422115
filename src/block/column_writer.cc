#include "block/column_writer.h"

#include "base/check.h"
#include "block/text_kernels.h"
#include "codec/compress.h"
#include "codec/integers.h"

#include <algorithm>
#include <cmath>

namespace logi::block {
namespace {

// Columns of fewer values are not taken apart further.
constexpr std::size_t kNestedMin = 16;
constexpr int kNestedDepthMax = 3;
// Values that are looked at before a column is taken apart.
constexpr std::size_t kSample = 16;

double entropy_bits(const std::vector<std::uint32_t>& counts, std::size_t n) {
    double bits = 0;
    for (const std::uint32_t c : counts) {
        bits -= c * std::log2(static_cast<double>(c) / static_cast<double>(n));
    }
    return bits;
}

}  // namespace

ColumnWriter::Profile ColumnWriter::profile(const Values& values) {
    const TextScan s = scan(text_.text, values.slots, heads_);
    Profile p{{0, s.min_size, s.max_size}, s.equal};
    if (s.equal) {
        p.stamp.classes = classes_of(text_.view(values.slots[0]));
    } else if (s.min_size > 0 && s.max_size <= kHeadBytes) {
        p.stamp.classes = s.digit_heads ? kDigitClass : classes_of(heads_);
    } else {
        const bool digits = s.digit_heads && all_digits(text_.text, values.slots);
        p.stamp.classes = digits ? kDigitClass : classes_of(text_.text, values.slots);
    }
    return p;
}

void ColumnWriter::write_head(ColumnKind kind, const Profile& profile, std::string& meta) {
    base::ByteWriter w(meta);
    w.u8(kind);
    w.u16(profile.stamp.classes);
    w.varint(profile.stamp.min_size);
    w.varint(profile.stamp.max_size - profile.stamp.min_size);
}

void ColumnWriter::add_integers(absl::Span<const std::uint64_t> values, std::string& meta) {
    const codec::EncodedIntegers encoded = codec::encode_integers(values);
    parts_->add(encoded.bytes, encoded.plane_bytes, meta);
}

void ColumnWriter::write(const Values& values, int depth, std::string& meta) {
    LOGI_CHECK(!values.slots.empty());
    const Profile p = profile(values);
    if (p.equal) {
        base::ByteWriter w(meta);
        w.u8(kConstant);
        w.string(text_.view(values.slots[0]));
        add_letters(text_.view(values.slots[0]));
        return;
    }
    if (write_times(values, p, meta) || write_dictionary(values, p, depth, meta) ||
        write_integers(values, p, meta) || write_hex(values, p, meta) ||
        write_nested(values, p, depth, meta)) {
        return;
    }
    write_strings(values, p, meta);
}

bool ColumnWriter::write_dictionary(const Values& values,
                                    const Profile& profile,
                                    int depth,
                                    std::string& meta) {
    const std::size_t n = values.slots.size();
    const std::size_t distinct_max = std::min(n / 2, kDictionaryMax);
    if (distinct_max == 0) {
        return false;
    }
    numbering_.begin(text_);
    counts_.clear();
    numbers_.resize(n);
    std::size_t bytes = 0;
    std::size_t all_bytes = 0;
    // The number of distinct values so far may grow with half the values, and by a start. Numbers
    // are well off without a dictionary, if few of them come again.
    const bool numeric = (profile.stamp.classes & ~(kDigitClass | class_of('.'))) == 0;
    const std::size_t start = numeric ? 24 : 64;
    const std::size_t step = numeric ? 8 : 2;
    for (std::size_t i = 0; i < n; ++i) {
        const Slot& s = values.slots[i];
        const std::uint32_t number = numbering_.number(s, heads_[i]);
        if (number == counts_.size()) {
            if (number >= distinct_max || number > start + i / step) {
                return false;
            }
            counts_.push_back(0);
            bytes += s.size;
        }
        ++counts_[number];
        numbers_[i] = number;
        all_bytes += s.size;
    }
    // What a value takes otherwise: digits as numbers, other text as zstd would leave it.
    const double bits_per_byte = numeric ? 3.4 : 4;
    if (entropy_bits(counts_, n) + static_cast<double>(bytes) * bits_per_byte >
        static_cast<double>(all_bytes) * bits_per_byte * 0.9) {
        return false;
    }
    write_head(kDictionary, profile, meta);
    base::ByteWriter(meta).varint(counts_.size());
    add_integers(numbers_, meta);
    const std::vector<Slot> distinct = numbering_.distinct();
    write({distinct, {}}, depth + 1, meta);
    return true;
}

bool ColumnWriter::write_nested(const Values& values,
                                const Profile& profile,
                                int depth,
                                std::string& meta) {
    const std::size_t n = values.slots.size();
    if (n < kNestedMin || depth >= kNestedDepthMax || profile.stamp.max_size < 4) {
        return false;
    }
    // Whether a value is one slot by a rule, counted over a sample.
    std::vector<CutSlot> slots;
    const auto whole = [&](CutRule rule) {
        std::size_t wholes = 0;
        for (std::size_t i = 0; i < kSample; ++i) {
            const Slot& s = values.slots[i * n / kSample];
            cut(text_, s.begin, s.begin + s.size, rule, slots);
            wholes += slots.size() == 1 && slots[0].end - slots[0].begin == s.size ? 1U : 0U;
        }
        return wholes > kSample / 2;
    };
    CutRule rule = CutRule::kCoarse;
    if (whole(rule)) {
        rule = CutRule::kFine;
        if (whole(rule)) {
            return false;
        }
    }
    TemplateSet set(rule);
    set.begin(text_);
    for (std::size_t i = 0; i < n; ++i) {
        set.add(static_cast<std::uint32_t>(i), values.slots[i]);
        if (i == 256 && set.groups().empty()) {
            return false;
        }
    }
    set.finish();
    if (set.rest().size() > n / 2) {
        return false;
    }
    write_head(kTemplates, profile, meta);
    write_templates(values, set, depth + 1, meta);
    return true;
}

void ColumnWriter::write_templates(const Values& values,
                                   const TemplateSet& set,
                                   int depth,
                                   std::string& meta) {
    base::ByteWriter w(meta);
    std::vector<std::uint64_t> numbers(values.slots.size());
    std::size_t used = 0;
    for (const auto& group : set.groups()) {
        if (!group.rows.empty()) {
            for (const std::uint32_t row : group.rows) {
                numbers[row] = used;
            }
            ++used;
        }
    }
    for (const std::uint32_t row : set.rest()) {
        numbers[row] = used;
    }
    w.varint(used);
    w.varint(set.rest().size());
    if (used + (set.rest().empty() ? 0U : 1U) > 1) {
        add_integers(numbers, meta);
    }
    if (!set.rest().empty()) {
        std::vector<Slot> slots;
        for (const std::uint32_t row : set.rest()) {
            slots.push_back(values.slots[row]);
        }
        write_strings({slots, {}}, profile({slots, {}}), meta);
    }
    for (const auto& group : set.groups()) {
        if (!group.rows.empty()) {
            write_template(values, group, depth, meta);
        }
    }
}

// Those of a template's pieces, and those that stand across where a value begins or ends. Where the
// text itself begins or ends is for whoever has it in a slot.
void ColumnWriter::add_letters(const TemplateSet::Group& group) {
    const Template& kind = group.kind;
    const auto letter = [](char c) {
        return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
    };
    const std::size_t slots = kind.slots();
    letters_->add(kind.piece(slots));
    for (std::size_t c = 0; c < slots; ++c) {
        const std::string_view before = kind.piece(c);
        const std::string_view behind = kind.piece(c + 1);
        letters_->add(before);
        const bool at_begin = before.empty() ? c > 0 : letter(before.back());
        const bool at_end = !behind.empty() && letter(behind.front());
        for (std::size_t i = c; (at_begin || at_end) && i < group.slots.size(); i += slots) {
            const Slot& value = group.slots[i];
            if (at_begin) {
                letters_->add_across(text_.text, value.begin);
            }
            if (at_end) {
                letters_->add_across(text_.text, value.begin + value.size);
            }
        }
    }
}

void ColumnWriter::write_template(const Values& values,
                                  const TemplateSet::Group& group,
                                  int depth,
                                  std::string& meta) {
    base::ByteWriter w(meta);
    const Template& kind = group.kind;
    w.varint(group.rows.size());
    w.varint(kind.slots());
    for (std::size_t i = 0; i <= kind.slots(); ++i) {
        w.string(kind.piece(i));
    }
    if (letters_ != nullptr) {
        add_letters(group);
    }
    std::vector<Timestamp> times;
    if (!values.times.empty()) {
        for (const std::uint32_t row : group.rows) {
            times.push_back(values.times[row]);
        }
    }
    // The columns of a line's templates are found without looking at those of others.
    std::string columns;
    if (depth == 0) {
        parts_->begin_pool();
    }
    std::string& target = depth == 0 ? columns : meta;
    std::vector<Slot> slots(group.rows.size());
    for (std::size_t c = 0; c < kind.slots(); ++c) {
        const Shared* list = depth == 0 ? shared(group, c) : nullptr;
        if (list == nullptr) {
            for (std::size_t i = 0; i < slots.size(); ++i) {
                slots[i] = group.slots[i * kind.slots() + c];
            }
            write({slots, times}, depth, target);
            continue;
        }
        write_head(kShared, {list->stamp, false}, target);
        base::ByteWriter(target).varint(list->list);
        add_integers(list->numbers, target);
    }
    if (depth == 0) {
        w.varint(parts_->pool());
        w.string(columns);
    }
}

void ColumnWriter::write_strings(const Values& values, const Profile& profile, std::string& meta) {
    write_head(kString, profile, meta);
    std::vector<std::uint64_t> sizes;
    std::string bytes;
    sizes.reserve(values.slots.size());
    for (const Slot& s : values.slots) {
        sizes.push_back(s.size);
        bytes.append(text_.view(s));
        add_letters(text_.view(s));
    }
    add_integers(sizes, meta);
    parts_->add(bytes, codec::kOnePiece, meta);
}

}  // namespace logi::block
