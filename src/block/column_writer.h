// Writes a list of texts as a column of the kind that suits it.
#pragma once

#include "absl/types/span.h"
#include "base/time.h"
#include "block/column_format.h"
#include "block/gathered_text.h"
#include "block/letter_triples.h"
#include "block/numbering.h"
#include "block/parts.h"
#include "block/slot_columns.h"
#include "block/template_set.h"

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace logi::block {

// Keeps its buffers from column to column. One thread.
class ColumnWriter {
  public:
    // The values are parts of `text`, which has kTextPadding bytes more; `times` is empty or has
    // the entry's time per value, `heads` is empty or has the head of each (text_kernels.h).
    struct Values {
        const char* text = nullptr;
        absl::Span<const Slot> slots;
        absl::Span<const Timestamp> times;
        absl::Span<const std::uint64_t> heads = {};
        [[nodiscard]] std::string_view view(const Slot& s) const {
            return {text + s.begin, s.size};
        }
        [[nodiscard]] std::string_view front() const { return view(slots.front()); }
    };

    // Payloads of what is written from here on go to `parts`, which must outlive that.
    void begin(PartWriter& parts) { begin(parts, nullptr); }
    // Likewise, and what is written adds its letters to `letters`.
    void begin(PartWriter& parts, LetterTriples* letters) {
        parts_ = &parts;
        letters_ = letters;
    }
    // Appends the column to `meta`. Not empty.
    void write(const Values& values, std::string& meta) { write(values, 0, meta); }
    // As a column of kind kTemplates, whose groups and rest `set` has, behind the lists of values
    // that its columns share. Each template's columns have a pool of their own.
    void write_lines(const Values& values, const TemplateSet& set, std::string& meta);
    // Only a payload, and its length to `meta`.
    void add_integers(absl::Span<const std::uint64_t> values, std::string& meta);

  private:
    // Values that are texts with slots of their own.
    struct Nested {
        GatheredText text;
        std::vector<Slot> slots;
        TemplateSet set{CutRule::kCoarse};
        SlotColumns columns;
    };
    static constexpr int kNestedDepthMax = 3;

    struct Profile {
        Stamp stamp;
        bool equal = true;
    };
    // A column whose values are in a list.
    struct Shared {
        std::size_t list = 0;
        Stamp stamp;
        std::vector<std::uint64_t> numbers;
    };

    void write(const Values& values, int depth, std::string& meta);
    // `columns` are of the set's groups.
    void write_templates(const Values& values,
                         const TemplateSet& set,
                         const SlotColumns& columns,
                         int depth,
                         std::string& meta);
    // Replaces heads_.
    [[nodiscard]] Profile profile(const Values& values);
    void write_head(ColumnKind kind, const Profile& profile, std::string& meta);
    bool write_integers(const Values& values, const Profile& profile, std::string& meta);
    bool write_dictionary(const Values& values,
                          const Profile& profile,
                          int depth,
                          std::string& meta);
    bool write_hex(const Values& values, const Profile& profile, std::string& meta);
    bool write_times(const Values& values, const Profile& profile, std::string& meta);
    bool write_prefixed(const Values& values, const Profile& profile, int depth, std::string& meta);
    bool write_nested(const Values& values, const Profile& profile, int depth, std::string& meta);
    // Nothing if a value is one slot by any.
    std::optional<CutRule> rule_for(const Values& values);
    void write_strings(const Values& values, const Profile& profile, std::string& meta);
    void write_template(const Values& values,
                        const TemplateSet& set,
                        std::size_t number,
                        const SlotColumns& columns,
                        int depth,
                        std::string& meta);
    void add_letters(std::string_view text) {
        if (letters_ != nullptr) {
            letters_->add(text);
        }
    }
    void add_letters(const char* text, const TemplateSet::Group& group);
    void write_shared_lists(std::size_t rows, const TemplateSet& set, std::string& meta);

    PartWriter* parts_ = nullptr;
    LetterTriples* letters_ = nullptr;
    Numbering numbering_;
    absl::Span<const std::uint64_t> heads_;  // of the values of a column, until those in it
    std::vector<std::uint64_t> made_heads_;
    std::vector<std::uint64_t> numbers_;
    std::vector<std::uint32_t> counts_;
    SlotColumns columns_;                                           // of lines
    std::map<std::pair<std::size_t, std::size_t>, Shared> shared_;  // by group and slot of lines
    std::array<Nested, kNestedDepthMax> nested_;                    // by depth
    GatheredText sample_;
    std::vector<CutSlot> cut_;
    std::vector<std::uint64_t> sizes_;
    std::string bytes_;
};

}  // namespace logi::block
