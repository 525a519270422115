// Sorts texts by what is constant in them.
#pragma once

#include "absl/container/flat_hash_map.h"
#include "block/cut.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace logi::block {

// A kind of text: pieces around slots, one piece more than slots; only the first and the last may
// be empty.
class Template {
  public:
    Template(const MaskedText& t,
             const CutSlot* slots,
             std::size_t count,
             std::uint32_t begin,
             std::uint32_t end);

    // Appends one slot per slot of the template if the text is of this kind; nothing otherwise.
    bool match(const MaskedText& t,
               std::uint32_t begin,
               std::uint32_t end,
               std::vector<Slot>& slots) const;

    [[nodiscard]] std::size_t slots() const { return ends_.size(); }
    [[nodiscard]] std::string_view piece(std::size_t i) const {
        return std::string_view(text_).substr(pieces_[i].begin, pieces_[i].size);
    }
    [[nodiscard]] std::size_t piece_bytes() const { return piece_bytes_; }

  private:
    std::string text_;  // of all pieces, then padding
    std::size_t piece_bytes_ = 0;
    std::vector<Slot> pieces_;
    std::vector<SlotEnd> ends_;
};

// Templates outlive the texts that they were found in: what comes next is probably alike. One
// thread.
class TemplateSet {
  public:
    // A template is made for as many texts, and kept for a set of texts with as many.
    static constexpr std::size_t kTextsMin = 8;
    static constexpr std::size_t kTemplatesMax = 2048;
    static constexpr std::size_t kSlotsMax = 250;
    static constexpr std::size_t kTextBytesMax = 65535;

    struct Group {
        explicit Group(Template t) : kind(std::move(t)) {}
        Template kind;
        std::vector<std::uint32_t> rows;  // ascending
        std::vector<Slot> slots;          // kind.slots() per row
        std::array<std::uint32_t, 2>
            next{};  // groups that came behind this one, the last one first
    };

    explicit TemplateSet(CutRule rule) : rule_(rule) {}

    // Begins a set of texts, which are parts of `t`.
    void begin(const MaskedText& t);
    void add(std::uint32_t row, Slot text);
    // Ends the set: groups of too few rows are given up.
    void finish();

    // Those with rows count.
    [[nodiscard]] const std::vector<Group>& groups() const { return groups_; }
    // Rows that are of no kind, ascending.
    [[nodiscard]] const std::vector<std::uint32_t>& rest() const { return rest_; }

  private:
    struct Candidate {
        std::uint32_t group = kNone;
        std::vector<std::pair<std::uint32_t, Slot>> texts;
    };
    static constexpr std::uint32_t kNone = 0xFFFFFFFF;

    bool try_group(std::uint32_t group, std::uint32_t row, const Slot& text);
    void add_by_key(std::uint32_t row, const Slot& text);
    std::uint32_t make_group(const Slot& text);
    void forget_candidates();

    CutRule rule_;
    MaskedText t_;
    std::vector<Group> groups_;
    absl::flat_hash_map<std::string, Candidate> by_key_;
    std::size_t candidates_ = 0;
    std::uint32_t last_ = kNone;
    std::vector<std::uint32_t> rest_;
    std::vector<CutSlot> cut_;
    std::string key_;
};

}  // namespace logi::block
