#include "block/template_set.h"

#include <algorithm>

namespace logi::block {
namespace {

// Bytes behind a piece and a text that may be read but do not count.
constexpr std::size_t kStep = 16;

// Whether a piece stands at a place. Both have kStep bytes behind them.
inline bool stands_at(const char* text, const char* piece, std::size_t size) {
    std::size_t i = 0;
    for (; i + kStep <= size; i += kStep) {
        if (std::memcmp(text + i, piece + i, kStep) != 0) {
            return false;
        }
    }
    std::uint64_t a[2];
    std::uint64_t b[2];
    std::memcpy(a, text + i, kStep);
    std::memcpy(b, piece + i, kStep);
    const std::size_t left = size - i;
    if (left == 0) {
        return true;
    }
    const std::uint64_t low = left >= 8 ? ~0ULL : (1ULL << (8 * left)) - 1;
    const std::uint64_t high = left > 8 ? (1ULL << (8 * (left - 8))) - 1 : 0;
    return ((a[0] ^ b[0]) & low) == 0 && ((a[1] ^ b[1]) & high) == 0;
}

constexpr std::size_t kCandidatesMax = 8192;

}  // namespace

Template::Template(const MaskedText& t,
                   const CutSlot* slots,
                   std::size_t count,
                   std::uint32_t begin,
                   std::uint32_t end) {
    std::uint32_t at = begin;
    const auto add_piece = [&](std::uint32_t to) {
        pieces_.push_back({static_cast<std::uint32_t>(text_.size()), to - at});
        text_.append(t.text + at, to - at);
    };
    for (std::size_t i = 0; i < count; ++i) {
        add_piece(slots[i].begin);
        ends_.push_back(slots[i].how);
        at = slots[i].end;
    }
    add_piece(end);
    piece_bytes_ = text_.size();
    text_.append(kStep, '\0');
}

bool Template::match(const MaskedText& t,
                     std::uint32_t begin,
                     std::uint32_t end,
                     std::vector<Slot>& slots) const {
    const std::size_t count = ends_.size();
    const std::size_t before = slots.size();
    std::uint32_t at = begin;
    for (std::size_t i = 0;; ++i) {
        const Slot& piece = pieces_[i];
        if (end - at < piece.size ||
            !stands_at(t.text + at, text_.data() + piece.begin, piece.size)) {
            break;
        }
        at += piece.size;
        if (i == count) {
            if (at != end) {
                break;
            }
            return true;
        }
        const std::uint32_t to = slot_end(t, ends_[i], at, end);
        if (to == at) {
            break;
        }
        slots.push_back({at, to - at});
        at = to;
    }
    slots.resize(before);
    return false;
}

void TemplateSet::begin(const MaskedText& t) {
    t_ = t;
    rest_.clear();
    last_ = kNone;
    if (groups_.size() >= kTemplatesMax / 2) {
        groups_.clear();
        by_key_.clear();
        candidates_ = 0;
    }
    for (Group& group : groups_) {
        group.rows.clear();
        group.slots.clear();
    }
}

bool TemplateSet::try_group(std::uint32_t group, std::uint32_t row, const Slot& text) {
    Group& g = groups_[group];
    if (!g.kind.match(t_, text.begin, text.begin + text.size, g.slots)) {
        return false;
    }
    g.rows.push_back(row);
    if (last_ != kNone) {
        auto& next = groups_[last_].next;
        if (next[0] != group) {
            next[1] = next[0];
            next[0] = group;
        }
    }
    last_ = group;
    return true;
}

void TemplateSet::add(std::uint32_t row, Slot text) {
    if (text.size > kTextBytesMax) {
        rest_.push_back(row);
        return;
    }
    if (last_ != kNone) {
        const std::uint32_t last = last_;
        const auto next = groups_[last].next;
        if (try_group(next[0], row, text) ||
            (next[1] != next[0] && try_group(next[1], row, text)) ||
            (last != next[0] && last != next[1] && try_group(last, row, text))) {
            return;
        }
    }
    add_by_key(row, text);
}

void TemplateSet::add_by_key(std::uint32_t row, const Slot& text) {
    cut(t_, text.begin, text.begin + text.size, rule_, cut_);
    if (cut_.size() > kSlotsMax) {
        rest_.push_back(row);
        return;
    }
    key_.clear();
    std::uint32_t at = text.begin;
    for (const CutSlot& slot : cut_) {
        key_.append(t_.text + at, slot.begin - at);
        key_.push_back('\0');
        key_.push_back(static_cast<char>(slot.how));
        at = slot.end;
    }
    key_.append(t_.text + at, text.begin + text.size - at);
    if (candidates_ >= kCandidatesMax) {
        forget_candidates();
    }
    const auto [it, is_new] = by_key_.try_emplace(key_);
    Candidate& candidate = it->second;
    if (candidate.group != kNone) {
        // Two kinds may have one key if texts have zeros in them; then the second is of no kind.
        if (!try_group(candidate.group, row, text)) {
            rest_.push_back(row);
        }
        return;
    }
    candidates_ += is_new ? 1 : 0;
    candidate.texts.emplace_back(row, text);
    if (candidate.texts.size() < kTextsMin || groups_.size() >= kTemplatesMax) {
        return;
    }
    candidate.group = make_group(text);
    --candidates_;
    for (const auto& [r, slot] : std::exchange(candidate.texts, {})) {
        if (!try_group(candidate.group, r, slot)) {
            rest_.push_back(r);
        }
    }
}

std::uint32_t TemplateSet::make_group(const Slot& text) {
    const auto group = static_cast<std::uint32_t>(groups_.size());
    groups_.emplace_back(
        Template(t_, cut_.data(), cut_.size(), text.begin, text.begin + text.size));
    groups_.back().next = {group, group};
    return group;
}

// Gives up those that are waiting for more of their kind.
void TemplateSet::forget_candidates() {
    absl::erase_if(by_key_, [this](const auto& entry) {
        for (const auto& text : entry.second.texts) {
            rest_.push_back(text.first);
        }
        return entry.second.group == kNone;
    });
    candidates_ = 0;
}

void TemplateSet::finish() {
    forget_candidates();
    for (Group& group : groups_) {
        if (!group.rows.empty() && group.rows.size() < kTextsMin / 2) {
            rest_.insert(rest_.end(), group.rows.begin(), group.rows.end());
            group.rows.clear();
            group.slots.clear();
        }
    }
    std::sort(rest_.begin(), rest_.end());
}

}  // namespace logi::block
