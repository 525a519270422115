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
    TextScan s;
    if (values.heads.empty()) {
        s = scan(values.text, values.slots, made_heads_);
        heads_ = made_heads_;
    } else {
        s = scan_heads(values.slots, values.heads);
        heads_ = values.heads;
    }
    Profile p{{0, s.min_size, s.max_size}, s.equal};
    if (s.equal) {
        p.stamp.classes = classes_of(values.front());
    } else if (s.min_size > 0 && s.max_size <= kHeadBytes) {
        p.stamp.classes = s.digit_heads ? kDigitClass : classes_of(heads_);
    } else if (s.adjoining) {
        const Slot& last = values.slots.back();
        const std::uint32_t begin = values.slots.front().begin;
        p.stamp.classes = classes_of_run({values.text + begin, last.begin + last.size - begin});
    } else {
        const bool digits = s.digit_heads && all_digits(values.text, values.slots);
        p.stamp.classes = digits ? kDigitClass : classes_of(values.text, values.slots);
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
    parts_->add(encoded.bytes, encoded.plane_bytes, meta, encoded.zstd_level);
}

void ColumnWriter::write(const Values& values, int depth, std::string& meta) {
    LOGI_CHECK(!values.slots.empty());
    const Profile p = profile(values);
    if (p.equal) {
        base::ByteWriter w(meta);
        w.u8(kConstant);
        w.string(values.front());
        add_letters(values.front());
        return;
    }
    if (write_times(values, p, meta) || write_dictionary(values, p, depth, meta) ||
        write_integers(values, p, meta) || write_hex(values, p, meta) ||
        write_prefixed(values, p, depth, meta) || write_nested(values, p, depth, meta)) {
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
    numbering_.begin(values.text);
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
    write({values.text, distinct, {}}, depth + 1, meta);
    return true;
}

// Digits behind what is always the same, such as u-102: a template that need not be looked for.
bool ColumnWriter::write_prefixed(const Values& values,
                                  const Profile& profile,
                                  int depth,
                                  std::string& meta) {
    const std::size_t n = values.slots.size();
    if (n < kNestedMin || depth >= kNestedDepthMax || (profile.stamp.classes & kDigitClass) == 0) {
        return false;
    }
    const std::uint32_t prefix = prefix_of_digits(values.text, values.slots);
    if (prefix == 0) {
        return false;
    }
    std::vector<Slot>& digits = nested_[static_cast<std::size_t>(depth)].slots;
    digits.resize(n);
    for (std::size_t i = 0; i < n; ++i) {
        digits[i] = {values.slots[i].begin + prefix, values.slots[i].size - prefix};
    }
    if (!all_digits(values.text, digits)) {
        return false;
    }
    const std::string_view always = values.front().substr(0, prefix);
    write_head(kTemplates, profile, meta);
    base::ByteWriter w(meta);
    w.varint(1);  // template
    w.varint(0);  // rows of no kind
    w.varint(n);
    w.varint(1);  // slot
    w.string(always);
    w.string("");
    add_letters(always);
    write({values.text, digits, values.times}, depth + 1, meta);
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
    const auto rule = rule_for(values);
    if (!rule) {
        return false;
    }
    // Beside each other, so that nothing else of the lines is looked at.
    Nested& nested = nested_[static_cast<std::size_t>(depth)];
    std::size_t bytes = 0;
    for (const Slot& s : values.slots) {
        bytes += s.size;
    }
    nested.text.begin(n, bytes);
    nested.slots.resize(n);
    for (std::size_t i = 0; i < n; ++i) {
        nested.slots[i] = nested.text.add(values.view(values.slots[i]));
    }
    nested.text.finish_run();
    TemplateSet& set = nested.set;
    set.forget(*rule);
    set.begin(nested.text.masked());
    for (std::size_t i = 0; i < n; ++i) {
        set.add(static_cast<std::uint32_t>(i), nested.slots[i]);
        if (i == 256 && set.groups().empty()) {
            return false;
        }
    }
    set.finish();
    if (set.rest().size() > n / 2) {
        return false;
    }
    const char* const text = nested.text.masked().text;
    nested.columns.gather(text, set.groups());
    write_head(kTemplates, profile, meta);
    write_templates({text, nested.slots, values.times}, set, nested.columns, depth + 1, meta);
    return true;
}

// By the first rule that cuts most values of a sample.
std::optional<CutRule> ColumnWriter::rule_for(const Values& values) {
    const std::size_t n = values.slots.size();
    std::array<Slot, kSample> slots;
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < kSample; ++i) {
        slots[i] = values.slots[i * n / kSample];
        bytes += slots[i].size;
    }
    sample_.begin(kSample, bytes);
    for (Slot& s : slots) {
        s = sample_.add(values.view(s));
    }
    sample_.finish_run();
    for (const CutRule rule : {CutRule::kCoarse, CutRule::kFine}) {
        std::size_t wholes = 0;
        for (const Slot& s : slots) {
            cut(sample_.masked(), s.begin, s.begin + s.size, rule, cut_);
            wholes += cut_.size() == 1 && cut_[0].end - cut_[0].begin == s.size ? 1U : 0U;
        }
        if (wholes <= kSample / 2) {
            return rule;
        }
    }
    return std::nullopt;
}

void ColumnWriter::write_templates(const Values& values,
                                   const TemplateSet& set,
                                   const SlotColumns& columns,
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
        const Values rest{values.text, slots, {}};
        write_strings(rest, profile(rest), meta);
    }
    for (std::size_t i = 0; i < set.groups().size(); ++i) {
        if (!set.groups()[i].rows.empty()) {
            write_template(values, set, i, columns, depth, meta);
        }
    }
}

// Those of a template's pieces, and those that stand across where a value begins or ends. Where the
// text itself begins or ends is for whoever has it in a slot.
void ColumnWriter::add_letters(const char* text, const TemplateSet::Group& group) {
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
                letters_->add_across(text, value.begin);
            }
            if (at_end) {
                letters_->add_across(text, value.begin + value.size);
            }
        }
    }
}

void ColumnWriter::write_template(const Values& values,
                                  const TemplateSet& set,
                                  std::size_t number,
                                  const SlotColumns& columns,
                                  int depth,
                                  std::string& meta) {
    const TemplateSet::Group& group = set.groups()[number];
    base::ByteWriter w(meta);
    const Template& kind = group.kind;
    w.varint(group.rows.size());
    w.varint(kind.slots());
    for (std::size_t i = 0; i <= kind.slots(); ++i) {
        w.string(kind.piece(i));
    }
    if (letters_ != nullptr) {
        add_letters(values.text, group);
    }
    std::vector<Timestamp> times;
    if (!values.times.empty()) {
        for (const std::uint32_t row : group.rows) {
            times.push_back(values.times[row]);
        }
    }
    // The columns of a line's templates are found without looking at those of others.
    std::string own;
    if (depth == 0) {
        parts_->begin_pool();
    }
    std::string& target = depth == 0 ? own : meta;
    for (std::size_t c = 0; c < kind.slots(); ++c) {
        const auto shared = depth == 0 ? shared_.find({number, c}) : shared_.end();
        if (shared == shared_.end()) {
            write({columns.text(), columns.column(number, c), times, columns.heads(number, c)},
                  depth,
                  target);
            continue;
        }
        const Shared& list = shared->second;
        write_head(kShared, {list.stamp, false}, target);
        base::ByteWriter(target).varint(list.list);
        add_integers(list.numbers, target);
    }
    if (depth == 0) {
        w.varint(parts_->pool());
        w.string(own);
    }
}

void ColumnWriter::write_strings(const Values& values, const Profile& profile, std::string& meta) {
    write_head(kString, profile, meta);
    sizes_.clear();
    bytes_.clear();
    for (const Slot& s : values.slots) {
        sizes_.push_back(s.size);
        bytes_.append(values.view(s));
        add_letters(values.view(s));
    }
    add_integers(sizes_, meta);
    parts_->add(bytes_, codec::kOnePiece, meta);
}

}  // namespace logi::block
