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
        std::uint32_t in = kNone;    // the list that it is in itself
        SlotEnd how = 0;
    };
    // Children of one parent whose pieces have the same kBegin bytes at some place: at their
    // beginning, or where the list that this one was split from is forked.
    struct List {
        std::uint64_t owner = 0;  // the parent, or that list
        std::uint32_t begin = 0;
        std::uint32_t first = kNone;
        std::uint32_t count = 0;
        std::uint32_t split_at = kListMax;  // once it has more children than this
        // Once it has been split: children with kBegin bytes at `fork` are in other lists, as a
        // node's are: `list` is the only one, or kMany.
        std::uint32_t fork = 0;
        std::uint32_t list = kNone;
        std::uint32_t up = kNone;  // the list that this one was split from
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
    std::uint32_t match_from(Step next, std::size_t depth, const MaskedText& t, std::uint32_t end);
    [[nodiscard]] std::uint32_t child_with(std::uint32_t parent,
                                           std::string_view piece,
                                           bool last,
                                           SlotEnd how) const;
    std::uint32_t add_child(std::uint32_t parent, std::string_view piece);
    // The innermost list for a text of so many bytes, at least kBegin, or kNone.
    [[nodiscard]] std::uint32_t list_for(std::uint32_t parent,
                                         const char* text,
                                         std::size_t size) const;
    [[nodiscard]] std::uint32_t first_from(std::uint32_t list) const;
    [[nodiscard]] std::uint32_t after(const Node& child) const;
    void put_into(std::uint32_t list, std::uint32_t child);
    void split(std::uint32_t list);
    [[nodiscard]] std::uint32_t best_fork(const std::vector<std::uint32_t>& children) const;
    // Lists by what they are of, a node or a list, and the bytes. `only` is that node's or list's
    // `list`.
    [[nodiscard]] std::uint32_t list_at(std::uint64_t owner,
                                        std::uint32_t only,
                                        std::uint32_t begin) const;
    std::uint32_t make_list(std::uint64_t owner, std::uint32_t begin);
    [[nodiscard]] std::size_t place_of(std::uint64_t owner, std::uint32_t begin) const;
    [[nodiscard]] std::string_view piece_of(const Node& node) const {
        return std::string_view(text_).substr(node.piece, node.size);
    }
    void remember(std::size_t depth);

    static constexpr std::size_t kPadding = 16;
    static constexpr std::uint32_t kMany = 0xFFFFFFFE;
    static constexpr std::size_t kBegin = 4;
    static constexpr std::size_t kListMax = 6;
    static constexpr std::size_t kPlacesMin = 64;

    std::string text_ = std::string(kPadding, '\0');  // of all pieces, then padding
    std::vector<Node> nodes_ = std::vector<Node>(1);  // the first one is the root
    std::vector<List> lists_;
    // The lists by owner and beginning: an open table of numbers + 1.
    std::vector<std::uint32_t> places_ = std::vector<std::uint32_t>(kPlacesMin);
    std::array<Slot, kSlotsMax + 1> slots_{};
    std::array<Step, kSlotsMax + 2> steps_{};
};

}  // namespace logi::block
