// Finds which of many templates a text follows, in one walk over the text: templates that begin
// alike share their beginning.
#pragma once

#include "block/cut.h"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace logi::block {

// Pieces around slots, one piece more than slots.
class Template {
  public:
    Template(const MaskedText& t,
             const std::vector<CutSlot>& slots,
             std::uint32_t begin,
             std::uint32_t end);

    [[nodiscard]] std::size_t slots() const { return ends_.size(); }
    [[nodiscard]] std::string_view piece(std::size_t i) const {
        return std::string_view(text_).substr(pieces_[i].begin, pieces_[i].size);
    }
    [[nodiscard]] SlotEnd end_of_slot(std::size_t i) const { return ends_[i]; }

  private:
    std::string text_;  // of all pieces
    std::vector<Slot> pieces_;
    std::vector<SlotEnd> ends_;
};

// One thread.
class TemplateTrie {
  public:
    static constexpr std::uint32_t kNone = 0xFFFFFFFF;
    static constexpr std::size_t kSlotsMax = 250;

    // `number` is what match() is to return. At most kSlotsMax slots.
    void add(const Template& kind, std::uint32_t number);
    void clear();

    // The number of a template that the text follows, or kNone, also if it takes too long to find
    // one. slots() are its slots then, none of them empty.
    std::uint32_t match(const MaskedText& t, std::uint32_t begin, std::uint32_t end);
    [[nodiscard]] const Slot* slots() const { return slots_.data(); }

  private:
    // A piece and how the slot behind it ends; or the last piece of a template. Its children are in
    // lists: one of those with short pieces, and one per beginning of the others.
    struct Node {
        std::uint64_t head = 0;  // the piece's first bytes
        std::uint64_t head_mask = 0;
        std::uint32_t piece = 0;  // in text_
        std::uint32_t size = 0;
        std::uint32_t number = kNone;  // of the template that ends here
        std::uint32_t sibling = kNone;
        std::uint32_t recent = kNone;  // the child of the last text that came here, or any
        std::uint32_t before = kNone;  // the one that was that before
        std::uint32_t short_child = kNone;
        std::uint32_t list = kNone;  // of other children, if they all begin alike; or kMany
        SlotEnd how = 0;
    };
    // Children of one parent whose pieces begin with the same kBegin bytes.
    struct List {
        std::uint32_t parent = 0;
        std::uint32_t begin = 0;
        std::uint32_t first = kNone;
    };

    // Children are tried in stages. The first two are guesses that the CPU can run ahead with.
    enum Stage : std::uint32_t { kRecent, kBefore, kLong, kShort };
    // How far a walk has come with one of a node's children.
    struct Step {
        std::uint32_t parent = 0;
        std::uint32_t child = kNone;
        std::uint32_t at = 0;  // where the child's piece has to stand
        Stage stage = kRecent;
    };
    [[nodiscard]] std::uint32_t child_with(std::uint32_t parent,
                                           std::string_view piece,
                                           bool last,
                                           SlotEnd how) const;
    std::uint32_t add_child(std::uint32_t parent, std::string_view piece);
    // The list for a text that goes on with these bytes, or kNone.
    [[nodiscard]] std::uint32_t list_at(std::uint32_t parent, std::uint32_t begin) const;
    std::uint32_t make_list(std::uint32_t parent, std::uint32_t begin);
    [[nodiscard]] std::size_t place_of(std::uint32_t parent, std::uint32_t begin) const;
    void remember(std::size_t depth);

    static constexpr std::size_t kPadding = 16;
    static constexpr std::uint32_t kMany = 0xFFFFFFFE;
    static constexpr std::size_t kBegin = 4;
    static constexpr std::size_t kPlacesMin = 64;

    std::string text_ = std::string(kPadding, '\0');  // of all pieces, then padding
    std::vector<Node> nodes_ = std::vector<Node>(1);  // the first one is the root
    std::vector<List> lists_;
    // The lists by parent and beginning: an open table of numbers + 1.
    std::vector<std::uint32_t> places_ = std::vector<std::uint32_t>(kPlacesMin);
    std::array<Slot, kSlotsMax + 1> slots_{};
    std::array<Step, kSlotsMax + 2> steps_{};
};

}  // namespace logi::block
