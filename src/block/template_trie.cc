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
    t_ = t;
    end_ = end;
    return walk(0, begin, 0);
}

// Text and pieces have kPadding bytes more behind them.
inline bool TemplateTrie::stands_at(const Node& node, const char* text) const {
    if (((word_at(text) ^ node.head) & node.head_mask) != 0) {
        return false;
    }
    if (node.size <= kHeadBytes) {
        return true;
    }
    const char* piece = text_.data() + node.piece;
    std::size_t i = kHeadBytes;
    for (; i + kHeadBytes <= node.size; i += kHeadBytes) {
        if (word_at(text + i) != word_at(piece + i)) {
            return false;
        }
    }
    // The last eight bytes once more, at least in part.
    return word_at(text + node.size - kHeadBytes) == word_at(piece + node.size - kHeadBytes);
}

std::uint32_t TemplateTrie::walk(std::uint32_t parent, std::uint32_t at, std::size_t depth) {
    std::uint32_t previous = kNone;
    for (std::uint32_t child = nodes_[parent].child; child != kNone;
         previous = child, child = nodes_[child].sibling) {
        const Node& node = nodes_[child];
        if (end_ - at < node.size || !stands_at(node, t_.text + at)) {
            continue;
        }
        const std::uint32_t from = at + node.size;
        std::uint32_t found = kNone;
        if (node.number != kNone) {
            found = from == end_ ? node.number : kNone;
        } else {
            const std::uint32_t to = slot_end(t_, node.how, from, end_);
            if (to == from) {
                continue;
            }
            slots_[depth] = {from, to - from};
            found = walk(child, to, depth + 1);
        }
        if (found == kNone) {
            continue;
        }
        if (previous != kNone) {
            nodes_[previous].sibling = nodes_[child].sibling;
            nodes_[child].sibling = nodes_[parent].child;
            nodes_[parent].child = child;
        }
        return found;
    }
    return kNone;
}

}  // namespace logi::block
