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

    // The number of a template that the text follows, or kNone. slots() are its slots then, none of
    // them empty. What was found last is tried first.
    std::uint32_t match(const MaskedText& t, std::uint32_t begin, std::uint32_t end);
    [[nodiscard]] const Slot* slots() const { return slots_.data(); }

  private:
    // A piece and how the slot behind it ends; or the last piece of a template.
    struct Node {
        std::uint64_t head = 0;  // the piece's first bytes
        std::uint64_t head_mask = 0;
        std::uint32_t piece = 0;  // in text_
        std::uint32_t size = 0;
        std::uint32_t number = kNone;  // of the template that ends here
        std::uint32_t child = kNone;
        std::uint32_t sibling = kNone;
        SlotEnd how = 0;
    };

    // How far a walk has come with one of a node's children.
    struct Step {
        std::uint32_t parent = 0;
        std::uint32_t previous = kNone;
        std::uint32_t child = kNone;
        std::uint32_t at = 0;  // where the child's piece has to stand
    };
    void move_to_front(std::size_t depth);

    std::string text_ = std::string(kPadding, '\0');  // of all pieces, then padding
    std::vector<Node> nodes_ = std::vector<Node>(1);  // the first one is the root
    std::array<Slot, kSlotsMax + 1> slots_{};
    std::array<Step, kSlotsMax + 2> steps_{};

    static constexpr std::size_t kPadding = 16;
};

}  // namespace logi::block
