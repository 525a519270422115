#include "block/template_trie.h"

#include "base/check.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <set>
#include <utility>

namespace logi::block {
namespace {

constexpr std::size_t kNodeHeadBytes = 8;
// A text that so often followed a template up to somewhere, and no further, follows none: where
// many slots can end in two ways the walks are without number.
constexpr std::size_t kReturnsMax = 64;
// So does one that so many pieces do not fit.
constexpr std::size_t kTriesMax = 512;

constexpr std::uint64_t kOdd = 0x9E3779B97F4A7C15;

// What lists are of, in one number.
std::uint64_t of_node(std::uint32_t node) {
    return node;
}
std::uint64_t of_list(std::uint32_t list) {
    return 1ULL << 31U | list;
}

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
    if (node.size <= kNodeHeadBytes) {
        return true;
    }
    for (std::size_t i = kNodeHeadBytes; i + kNodeHeadBytes <= node.size; i += kNodeHeadBytes) {
        if (word_at(text + i) != word_at(piece + i)) {
            return false;
        }
    }
    // The last eight bytes, some of them once more.
    const std::size_t last = node.size - kNodeHeadBytes;
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

std::size_t TemplateTrie::place_of(std::uint64_t owner, std::uint32_t begin) const {
    const std::uint64_t key = (owner << 32U | begin) * kOdd;
    return key >> (64 - std::countr_zero(places_.size()));
}

std::uint32_t TemplateTrie::list_at(std::uint64_t owner,
                                    std::uint32_t only,
                                    std::uint32_t begin) const {
    if (only == kNone) {
        return kNone;
    }
    if (only != kMany) {
        return lists_[only].begin == begin ? only : kNone;
    }
    std::size_t i = place_of(owner, begin);
    for (; places_[i] != 0; i = (i + 1) & (places_.size() - 1)) {
        const List& list = lists_[places_[i] - 1];
        if (list.owner == owner && list.begin == begin) {
            return places_[i] - 1;
        }
    }
    return kNone;
}

std::uint32_t TemplateTrie::make_list(std::uint64_t owner, std::uint32_t begin) {
    const auto put = [this](std::uint32_t number) {
        std::size_t i = place_of(lists_[number].owner, lists_[number].begin);
        while (places_[i] != 0) {
            i = (i + 1) & (places_.size() - 1);
        }
        places_[i] = number + 1;
    };
    const auto number = static_cast<std::uint32_t>(lists_.size());
    lists_.push_back({.owner = owner, .begin = begin});
    if (2 * lists_.size() > places_.size()) {
        places_.assign(2 * places_.size(), 0);
        for (std::uint32_t n = 0; n < number; ++n) {
            put(n);
        }
    }
    put(number);
    return number;
}

std::uint32_t TemplateTrie::list_for(std::uint32_t parent,
                                     const char* text,
                                     std::size_t size) const {
    std::uint32_t list = list_at(of_node(parent), nodes_[parent].list, half_word_at(text));
    while (list != kNone && lists_[list].list != kNone && lists_[list].fork + kBegin <= size) {
        const std::uint32_t inner =
            list_at(of_list(list), lists_[list].list, half_word_at(text + lists_[list].fork));
        if (inner == kNone) {
            break;
        }
        list = inner;
    }
    return list;
}

// The first child in the list, or in those that it was split from.
std::uint32_t TemplateTrie::first_from(std::uint32_t list) const {
    while (list != kNone && lists_[list].first == kNone) {
        list = lists_[list].up;
    }
    return list == kNone ? kNone : lists_[list].first;
}

// The next child to try behind one that does not fit.
std::uint32_t TemplateTrie::after(const Node& child) const {
    return child.sibling != kNone || child.in == kNone ? child.sibling
                                                       : first_from(lists_[child.in].up);
}

std::uint32_t TemplateTrie::child_with(std::uint32_t parent,
                                       std::string_view piece,
                                       bool last,
                                       SlotEnd how) const {
    std::uint32_t child = piece.size() < kBegin
                              ? nodes_[parent].short_child
                              : first_from(list_for(parent, piece.data(), piece.size()));
    for (; child != kNone; child = after(nodes_[child])) {
        const Node& node = nodes_[child];
        if ((node.number != kNone) == last && (last || node.how == how) &&
            piece_of(node) == piece) {
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
    const std::size_t head = std::min(piece.size(), kNodeHeadBytes);
    node.head_mask = head == kNodeHeadBytes ? ~0ULL : (1ULL << (8 * head)) - 1;
    node.head = word_at(text_.data() + node.piece) & node.head_mask;
    const auto child = static_cast<std::uint32_t>(nodes_.size());
    nodes_[parent].recent = child;
    nodes_.push_back(node);
    if (piece.size() < kBegin) {
        nodes_[child].sibling = std::exchange(nodes_[parent].short_child, child);
        return child;
    }
    const std::uint32_t begin = half_word_at(piece.data());
    std::uint32_t list = list_at(of_node(parent), nodes_[parent].list, begin);
    if (list == kNone) {
        list = make_list(of_node(parent), begin);
        nodes_[parent].list = nodes_[parent].list == kNone ? list : kMany;
    }
    put_into(list, child);
    return child;
}

// Into the list, or into the one of those split from it where it belongs.
void TemplateTrie::put_into(std::uint32_t list, std::uint32_t child) {
    const std::string_view piece = piece_of(nodes_[child]);
    while (lists_[list].list != kNone && lists_[list].fork + kBegin <= piece.size()) {
        const std::uint32_t begin = half_word_at(piece.data() + lists_[list].fork);
        std::uint32_t inner = list_at(of_list(list), lists_[list].list, begin);
        if (inner == kNone) {
            inner = make_list(of_list(list), begin);
            lists_[inner].up = list;
            lists_[list].list = kMany;
        }
        list = inner;
    }
    nodes_[child].in = list;
    nodes_[child].sibling = std::exchange(lists_[list].first, child);
    if (++lists_[list].count > lists_[list].split_at) {
        split(list);
    }
}

// Many children that begin alike go apart by what tells them apart best.
void TemplateTrie::split(std::uint32_t list) {
    lists_[list].split_at *= 2;
    if (lists_[list].list != kNone) {
        return;
    }
    std::vector<std::uint32_t> children;
    for (std::uint32_t c = lists_[list].first; c != kNone; c = nodes_[c].sibling) {
        children.push_back(c);
    }
    lists_[list].fork = best_fork(children);
    if (lists_[list].fork == 0) {
        return;
    }
    lists_[list].list = kMany;
    lists_[list].first = kNone;
    lists_[list].count = 0;
    for (auto c = children.rbegin(); c != children.rend(); ++c) {
        put_into(list, *c);
    }
}

// Where so many different bytes stand that no list gets as many as there are; 0 if nowhere. Where
// two of them differ first is where others differ, too.
std::uint32_t TemplateTrie::best_fork(const std::vector<std::uint32_t>& children) const {
    const std::string_view any = piece_of(nodes_[children.front()]);
    std::uint32_t best = 0;
    std::size_t most = 1;
    for (const std::uint32_t child : children) {
        const std::string_view piece = piece_of(nodes_[child]);
        const auto place = static_cast<std::uint32_t>(
            std::mismatch(any.begin(), any.end(), piece.begin(), piece.end()).first - any.begin());
        std::set<std::uint32_t> distinct;
        for (const std::uint32_t c : children) {
            const std::string_view p = piece_of(nodes_[c]);
            if (place + kBegin <= p.size()) {
                distinct.insert(half_word_at(p.data() + place));
            }
        }
        if (distinct.size() > most) {
            most = distinct.size();
            best = place;
        }
    }
    return best;
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
    // The step that is tried; apart, so that it stays in registers.
    std::uint32_t parent = 0;
    std::uint32_t child = nodes[0].recent;
    std::uint32_t at = begin;
    std::size_t depth = 0;
    // Most texts follow the one before all the way, or a good part of it.
    for (; child != kNone; ++depth) {
        const Node& node = nodes[child];
        const std::uint32_t from = at + node.size;
        if (from > end || !stands_at(node, pieces + node.piece, text + at)) {
            break;
        }
        if (node.number != kNone) {
            if (from == end) {
                return node.number;
            }
            break;
        }
        const std::uint32_t to = slot_end(t, node.how, from, end);
        if (to == from) {
            break;
        }
        slots_[depth] = {from, to - from};
        steps_[depth] = {parent, child, at, kRecent};
        parent = child;
        child = node.recent;
        at = to;
    }
    return match_from({parent, kNone, at, kRecent}, depth, t, end);
}

// Goes on behind so many steps with a child of the last one, or, of kNone, with the next stage.
std::uint32_t TemplateTrie::match_from(Step next,
                                       std::size_t depth,
                                       const MaskedText& t,
                                       std::uint32_t end) {
    const Node* const nodes = nodes_.data();
    const char* const pieces = text_.data();
    const char* const text = t.text;
    std::uint32_t parent = next.parent;
    std::uint32_t child = next.child;
    std::uint32_t at = next.at;
    Stage stage = next.stage;
    std::size_t returns = 0;
    std::size_t tries = 0;
    while (true) {
        if (child == kNone) {
            if (stage == kRecent) {
                child = nodes[parent].before;
                stage = kBefore;
            } else if (stage == kBefore) {
                child = first_from(list_for(parent, text + at, end - at));
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
                child = stage <= kBefore ? kNone : after(nodes[step.child]);
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
        if (++tries > kTriesMax) {
            return kNone;
        }
        child = stage <= kBefore ? kNone : after(node);
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
