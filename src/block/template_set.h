// Sorts texts by what is constant in them.
#pragma once

#include "absl/container/flat_hash_map.h"
#include "block/template_trie.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace logi::block {

// Templates outlive the texts that they were found in: what comes next is probably alike. One
// thread.
class TemplateSet {
  public:
    // A template is made for as many texts, and kept for a set of texts with as many.
    static constexpr std::size_t kTextsMin = 8;
    static constexpr std::size_t kTemplatesMax = 2048;
    static constexpr std::size_t kTextBytesMax = 65535;

    struct Group {
        explicit Group(Template t) : kind(std::move(t)) {}
        Template kind;
        std::vector<std::uint32_t> rows;  // ascending
        std::vector<Slot> slots;          // kind.slots() per row
    };

    explicit TemplateSet(CutRule rule) : rule_(rule) {}

    // Forgets all templates; others are cut by this rule.
    void forget(CutRule rule);
    // Begins a set of texts, which are parts of `t`.
    void begin(const MaskedText& t);
    void add(std::uint32_t row, Slot text);
    // Ends the set: groups of too few rows are given up.
    void finish();

    // Texts so far that are of a template or of one kind with another.
    [[nodiscard]] std::size_t alike() const { return added_ - rest_.size() - candidates_.size(); }
    // Those with rows count.
    [[nodiscard]] const std::vector<Group>& groups() const { return groups_; }
    // Rows that are of no kind, ascending.
    [[nodiscard]] const std::vector<std::uint32_t>& rest() const { return rest_; }

  private:
    using Candidate = std::vector<std::pair<std::uint32_t, Slot>>;

    bool add_to_group(std::uint32_t row, const Slot& text);
    void add_by_key(std::uint32_t row, const Slot& text);
    void forget_candidates();
    static void sort(Group& group);

    CutRule rule_;
    MaskedText t_;
    std::vector<Group> groups_;
    TemplateTrie trie_;  // numbers are of groups
    absl::flat_hash_map<std::string, Candidate> candidates_;
    std::vector<std::uint32_t> rest_;
    std::size_t added_ = 0;
    std::vector<CutSlot> cut_;
    std::string key_;
};

}  // namespace logi::block
