#include "block/template_trie.h"

#include "base/check.h"

#include <cstring>

namespace logi::block {
namespace {

constexpr std::size_t kHeadBytes = 8;

std::uint64_t word_at(const char* p) {
    std::uint64_t v = 0;
    std::memcpy(&v, p, sizeof(v));
    return v;
}

// Whether a node's piece stands at a place of a text; both have eight bytes more behind them.
template <typename Node>
inline bool stands_at(const Node& node, const char* piece, const char* text) {
    if (((word_at(text) ^ node.head) & node.head_mask) != 0) {
        return false;
    }
    if (node.size <= kHeadBytes) {
        return true;
    }
    for (std::size_t i = kHeadBytes; i + kHeadBytes <= node.size; i += kHeadBytes) {
        if (word_at(text + i) != word_at(piece + i)) {
            return false;
        }
    }
    // The last eight bytes, some of them once more.
    const std::size_t last = node.size - kHeadBytes;
    return word_at(text + last) == word_at(piece + last);
}

}  // namespace

Template::Template(const MaskedText& t,
                   const std::vector<CutSlot>& slots,
                   std::uint32_t begin,
                   std::uint32_t end) {
    std::uint32_t at = begin;
    const auto add_piece = [&](std::uint32_t to) {
        pieces_.push_back({static_cast<std::uint32_t>(text_.size()), to - at});
        text_.append(t.text + at, to - at);
    };
    for (const CutSlot& slot : slots) {
        add_piece(slot.begin);
        ends_.push_back(slot.how);
        at = slot.end;
    }
    add_piece(end);
}

void TemplateTrie::clear() {
    nodes_.assign(1, {});
    text_.assign(kPadding, '\0');
}

void TemplateTrie::add(const Template& kind, std::uint32_t number) {
    LOGI_CHECK(kind.slots() <= kSlotsMax);
    std::uint32_t parent = 0;
    for (std::size_t i = 0; i <= kind.slots(); ++i) {
        const std::string_view piece = kind.piece(i);
        const bool last = i == kind.slots();
        std::uint32_t child = nodes_[parent].child;
        for (; child != kNone; child = nodes_[child].sibling) {
            const Node& node = nodes_[child];
            if ((node.number != kNone) == last && (last || node.how == kind.end_of_slot(i)) &&
                std::string_view(text_).substr(node.piece, node.size) == piece) {
                break;
            }
        }
        if (child == kNone) {
            Node node;
            node.piece = static_cast<std::uint32_t>(text_.size() - kPadding);
            node.size = static_cast<std::uint32_t>(piece.size());
            node.number = last ? number : kNone;
            node.how = last ? SlotEnd{0} : kind.end_of_slot(i);
            node.sibling = nodes_[parent].child;
            text_.insert(text_.size() - kPadding, piece);
            const std::size_t head = std::min(piece.size(), kHeadBytes);
            node.head_mask = head == kHeadBytes ? ~0ULL : (1ULL << (8 * head)) - 1;
            node.head = word_at(text_.data() + node.piece) & node.head_mask;
            child = static_cast<std::uint32_t>(nodes_.size());
            nodes_.push_back(node);
            nodes_[parent].child = child;
        }
        parent = child;
    }
}

std::uint32_t TemplateTrie::match(const MaskedText& t, std::uint32_t begin, std::uint32_t end) {
    const Node* const nodes = nodes_.data();
    const char* const pieces = text_.data();
    std::size_t depth = 0;
    std::uint32_t parent = 0;
    std::uint32_t previous = kNone;
    std::uint32_t child = nodes[0].child;
    std::uint32_t at = begin;
    while (true) {
        if (child == kNone) {
            // None of the siblings fits: the one before their parent has to be another.
            if (depth == 0) {
                return kNone;
            }
            const Step& step = steps_[--depth];
            parent = step.parent;
            previous = step.child;
            child = nodes[step.child].sibling;
            at = step.at;
            continue;
        }
        const Node& node = nodes[child];
        const std::uint32_t from = at + node.size;
        if (from <= end && stands_at(node, pieces + node.piece, t.text + at)) {
            if (node.number != kNone) {
                if (from == end) {
                    steps_[depth] = {parent, previous, child, at};
                    move_to_front(depth);
                    return node.number;
                }
            } else if (const std::uint32_t to = slot_end(t, node.how, from, end); to != from) {
                slots_[depth] = {from, to - from};
                steps_[depth] = {parent, previous, child, at};
                ++depth;
                parent = child;
                previous = kNone;
                child = node.child;
                at = to;
                continue;
            }
        }
        previous = child;
        child = node.sibling;
    }
}

void TemplateTrie::move_to_front(std::size_t depth) {
    for (std::size_t i = 0; i <= depth; ++i) {
        const Step& step = steps_[i];
        if (step.previous != kNone) {
            nodes_[step.previous].sibling = nodes_[step.child].sibling;
            nodes_[step.child].sibling = nodes_[step.parent].child;
            nodes_[step.parent].child = step.child;
        }
    }
}

}  // namespace logi::block
