#include "block/template_set.h"

#include <algorithm>

namespace logi::block {
namespace {

// Kinds that wait for more texts.
constexpr std::size_t kCandidatesMax = 8192;

}  // namespace

void TemplateSet::begin(const MaskedText& t) {
    t_ = t;
    rest_.clear();
    candidates_.clear();  // of texts that were given up
    added_ = 0;
    if (groups_.size() >= kTemplatesMax / 2) {
        groups_.clear();
        trie_.clear();
    }
    for (Group& group : groups_) {
        // What was of no use for the last texts gives its memory back.
        if (group.rows.empty()) {
            group.rows = {};
            group.slots = {};
        }
        group.rows.clear();
        group.slots.clear();
    }
}

void TemplateSet::forget(CutRule rule) {
    rule_ = rule;
    groups_.clear();
    trie_.clear();
}

bool TemplateSet::add_to_group(std::uint32_t row, const Slot& text) {
    const std::uint32_t number = trie_.match(t_, text.begin, text.begin + text.size);
    if (number == TemplateTrie::kNone) {
        return false;
    }
    Group& group = groups_[number];
    group.rows.push_back(row);
    const std::size_t count = group.kind.slots();
    group.slots.insert(group.slots.end(), trie_.slots(), trie_.slots() + count);
    return true;
}

void TemplateSet::add(std::uint32_t row, Slot text) {
    ++added_;
    if (text.size > kTextBytesMax) {
        rest_.push_back(row);
    } else if (!add_to_group(row, text)) {
        add_by_key(row, text);
    }
}

void TemplateSet::add_by_key(std::uint32_t row, const Slot& text) {
    const std::uint32_t end = text.begin + text.size;
    cut(t_, text.begin, end, rule_, cut_);
    if (cut_.size() > TemplateTrie::kSlotsMax || groups_.size() >= kTemplatesMax) {
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
    key_.append(t_.text + at, end - at);
    if (candidates_.size() >= kCandidatesMax) {
        forget_candidates();
    }
    const auto it = candidates_.try_emplace(key_).first;
    it->second.emplace_back(row, text);
    if (it->second.size() < kTextsMin) {
        return;
    }
    const Candidate texts = std::move(it->second);
    candidates_.erase(it);
    groups_.emplace_back(Template(t_, cut_, text.begin, end));
    trie_.add(groups_.back().kind, static_cast<std::uint32_t>(groups_.size() - 1));
    for (const auto& [r, slot] : texts) {
        // Two kinds may have one key if texts have zeros in them; then the second is of no kind.
        if (!add_to_group(r, slot)) {
            rest_.push_back(r);
        }
    }
}

// Gives up those that wait for more of their kind.
void TemplateSet::forget_candidates() {
    for (const auto& [key, texts] : candidates_) {
        for (const auto& text : texts) {
            rest_.push_back(text.first);
        }
    }
    candidates_.clear();
}

void TemplateSet::finish() {
    forget_candidates();
    for (Group& group : groups_) {
        if (!group.rows.empty() && group.rows.size() < kTextsMin / 2) {
            rest_.insert(rest_.end(), group.rows.begin(), group.rows.end());
            group.rows.clear();
            group.slots.clear();
        }
        // The texts that made a template may be of one that was made since they came.
        if (!std::is_sorted(group.rows.begin(), group.rows.end())) {
            sort(group);
        }
    }
    std::sort(rest_.begin(), rest_.end());
}

void TemplateSet::sort(Group& group) {
    const std::size_t stride = group.kind.slots();
    std::vector<std::uint32_t> order(group.rows.size());
    for (std::uint32_t i = 0; i < order.size(); ++i) {
        order[i] = i;
    }
    std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
        return group.rows[a] < group.rows[b];
    });
    std::vector<std::uint32_t> rows;
    std::vector<Slot> slots;
    for (const std::uint32_t i : order) {
        rows.push_back(group.rows[i]);
        slots.insert(slots.end(),
                     group.slots.begin() + static_cast<std::ptrdiff_t>(i * stride),
                     group.slots.begin() + static_cast<std::ptrdiff_t>((i + 1) * stride));
    }
    group.rows = std::move(rows);
    group.slots = std::move(slots);
}

}  // namespace logi::block
