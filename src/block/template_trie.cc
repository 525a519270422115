#include "block/template_trie.h"

#include "base/check.h"

#include <bit>
#include <cstring>
#include <utility>

namespace logi::block {
namespace {

constexpr std::size_t kHeadBytes = 8;
// A text that so often followed a template up to somewhere, and no further, follows none: where
// many slots can end in two ways the walks are without number.
constexpr std::size_t kReturnsMax = 64;

std::uint64_t word_at(const char* p) {
    std::uint64_t v = 0;
    std::memcpy(&v, p, sizeof(v));
    return v;
}

std::uint32_t half_word_at(const char* p) {
    std::uint32_t v = 0;
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
    lists_.clear();
    places_.assign(kPlacesMin, 0);
}

std::size_t TemplateTrie::place_of(std::uint32_t parent, std::uint32_t begin) const {
    const std::uint64_t key = static_cast<std::uint64_t>(parent) << 32U | begin;
    return key * 0x9E3779B97F4A7C15 >> (64 - std::countr_zero(places_.size()));
}

std::uint32_t TemplateTrie::list_at(std::uint32_t parent, std::uint32_t begin) const {
    const std::uint32_t only = nodes_[parent].list;
    if (only == kNone) {
        return kNone;
    }
    if (only != kMany) {
        return lists_[only].begin == begin ? only : kNone;
    }
    std::size_t i = place_of(parent, begin);
    for (; places_[i] != 0; i = (i + 1) & (places_.size() - 1)) {
        const List& list = lists_[places_[i] - 1];
        if (list.parent == parent && list.begin == begin) {
            return places_[i] - 1;
        }
    }
    return kNone;
}

std::uint32_t TemplateTrie::make_list(std::uint32_t parent, std::uint32_t begin) {
    const auto put = [this](std::uint32_t number) {
        std::size_t i = place_of(lists_[number].parent, lists_[number].begin);
        while (places_[i] != 0) {
            i = (i + 1) & (places_.size() - 1);
        }
        places_[i] = number + 1;
    };
    const auto number = static_cast<std::uint32_t>(lists_.size());
    lists_.push_back({parent, begin, kNone});
    if (2 * lists_.size() > places_.size()) {
        places_.assign(2 * places_.size(), 0);
        for (std::uint32_t n = 0; n < number; ++n) {
            put(n);
        }
    }
    put(number);
    std::uint32_t& only = nodes_[parent].list;
    only = only == kNone ? number : kMany;
    return number;
}

std::uint32_t TemplateTrie::child_with(std::uint32_t parent,
                                       std::string_view piece,
                                       bool last,
                                       SlotEnd how) const {
    std::uint32_t child = nodes_[parent].short_child;
    if (piece.size() >= kBegin) {
        const std::uint32_t list = list_at(parent, half_word_at(piece.data()));
        child = list == kNone ? kNone : lists_[list].first;
    }
    for (; child != kNone; child = nodes_[child].sibling) {
        const Node& node = nodes_[child];
        if ((node.number != kNone) == last && (last || node.how == how) &&
            std::string_view(text_).substr(node.piece, node.size) == piece) {
            break;
        }
    }
    return child;
}

std::uint32_t TemplateTrie::add_child(std::uint32_t parent, std::string_view piece) {
    Node node;
    node.piece = static_cast<std::uint32_t>(text_.size() - kPadding);
    node.size = static_cast<std::uint32_t>(piece.size());
    text_.insert(text_.size() - kPadding, piece);
    const std::size_t head = std::min(piece.size(), kHeadBytes);
    node.head_mask = head == kHeadBytes ? ~0ULL : (1ULL << (8 * head)) - 1;
    node.head = word_at(text_.data() + node.piece) & node.head_mask;
    const auto child = static_cast<std::uint32_t>(nodes_.size());
    std::uint32_t* first = &nodes_[parent].short_child;
    if (piece.size() >= kBegin) {
        const std::uint32_t begin = half_word_at(piece.data());
        const std::uint32_t list = list_at(parent, begin);
        first = &lists_[list == kNone ? make_list(parent, begin) : list].first;
    }
    node.sibling = std::exchange(*first, child);
    nodes_[parent].recent = child;
    nodes_.push_back(node);
    return child;
}

void TemplateTrie::add(const Template& kind, std::uint32_t number) {
    LOGI_CHECK(kind.slots() <= kSlotsMax);
    std::uint32_t parent = 0;
    for (std::size_t i = 0; i <= kind.slots(); ++i) {
        const bool last = i == kind.slots();
        const SlotEnd how = last ? SlotEnd{0} : kind.end_of_slot(i);
        std::uint32_t child = child_with(parent, kind.piece(i), last, how);
        if (child == kNone) {
            child = add_child(parent, kind.piece(i));
            nodes_[child].number = last ? number : kNone;
            nodes_[child].how = how;
        }
        parent = child;
    }
}

std::uint32_t TemplateTrie::match(const MaskedText& t, std::uint32_t begin, std::uint32_t end) {
    const Node* const nodes = nodes_.data();
    const char* const pieces = text_.data();
    const char* const text = t.text;
    std::size_t depth = 0;
    // The step that is tried; apart, so that it stays in registers.
    std::uint32_t parent = 0;
    std::uint32_t child = nodes[0].recent;
    std::uint32_t at = begin;
    Stage stage = kRecent;
    std::size_t returns = 0;
    while (true) {
        if (child == kNone) {
            if (stage == kRecent) {
                child = nodes[parent].before;
                stage = kBefore;
            } else if (stage == kBefore) {
                const std::uint32_t list = list_at(parent, half_word_at(text + at));
                child = list == kNone ? kNone : lists_[list].first;
                stage = kLong;
            } else if (stage == kLong) {
                child = nodes[parent].short_child;
                stage = kShort;
            } else if (depth > 0 && ++returns < kReturnsMax) {
                // None of the children fits: the one before their parent has to be another.
                const Step& step = steps_[--depth];
                parent = step.parent;
                at = step.at;
                stage = step.stage;
                child = stage <= kBefore ? kNone : nodes[step.child].sibling;
            } else {
                return kNone;
            }
            continue;
        }
        const Node& node = nodes[child];
        const std::uint32_t from = at + node.size;
        // What was guessed and failed would fail again among the others, on each level twice.
        const bool tried =
            stage >= kLong && (child == nodes[parent].recent || child == nodes[parent].before);
        if (!tried && from <= end && stands_at(node, pieces + node.piece, text + at)) {
            if (node.number != kNone) {
                if (from == end) {
                    steps_[depth] = {parent, child, at, stage};
                    remember(depth);
                    return node.number;
                }
            } else if (const std::uint32_t to = slot_end(t, node.how, from, end); to != from) {
                slots_[depth] = {from, to - from};
                steps_[depth] = {parent, child, at, stage};
                ++depth;
                parent = child;
                child = node.recent;
                at = to;
                stage = kRecent;
                continue;
            }
        }
        child = stage <= kBefore ? kNone : node.sibling;
    }
}

void TemplateTrie::remember(std::size_t depth) {
    for (std::size_t i = 0; i <= depth; ++i) {
        const Step& step = steps_[i];
        if (step.stage != kRecent) {
            Node& parent = nodes_[step.parent];
            parent.before = std::exchange(parent.recent, step.child);
        }
    }
}

}  // namespace logi::block
