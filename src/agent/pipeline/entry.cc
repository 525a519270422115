#include "agent/pipeline/entry.h"

#include <algorithm>

namespace logi::agent {
namespace {

bool named_before(const LabelPair& pair, std::string_view name) {
    return pair.name < name;
}

}  // namespace

void EntryLabels::own() {
    if (!changed_) {
        own_ = base_->pairs();
        changed_ = true;
    }
}

const std::string* EntryLabels::find(std::string_view name) const {
    const auto& all = pairs();
    const auto at = std::lower_bound(all.begin(), all.end(), name, named_before);
    return at != all.end() && at->name == name ? &at->value : nullptr;
}

void EntryLabels::set(std::string_view name, std::string_view value) {
    own();
    const auto at = std::lower_bound(own_.begin(), own_.end(), name, named_before);
    if (at != own_.end() && at->name == name) {
        at->value.assign(value);
    } else {
        own_.insert(at, {std::string(name), std::string(value)});
    }
}

void EntryLabels::remove(std::string_view name) {
    if (find(name) != nullptr) {
        own();
        std::erase_if(own_, [&](const LabelPair& pair) { return pair.name == name; });
    }
}

const Extracted::Slot* Extracted::find_slot(std::string_view name) const {
    for (std::size_t i = 0; i < used_; ++i) {
        if (slots_[i].name == name) {
            return &slots_[i];
        }
    }
    return nullptr;
}

Extracted::Slot& Extracted::slot(std::string_view name) {
    for (std::size_t i = 0; i < used_; ++i) {
        if (slots_[i].name == name) {
            return slots_[i];
        }
    }
    if (used_ == slots_.size()) {
        slots_.emplace_back();
    }
    slots_[used_].name.assign(name);
    return slots_[used_++];
}

std::optional<std::string_view> Extracted::find(std::string_view name) const {
    if (const Slot* slot = find_slot(name); slot != nullptr) {
        return slot->state == State::kText ? std::optional<std::string_view>(slot->value)
                                           : std::nullopt;
    }
    const LabelPair* label = base_->find(name);
    return label == nullptr ? std::nullopt : std::optional<std::string_view>(label->value);
}

bool Extracted::has(std::string_view name) const {
    const Slot* slot = find_slot(name);
    return slot != nullptr ? slot->state != State::kGone : base_->find(name) != nullptr;
}

void Extracted::list(std::vector<std::pair<std::string_view, std::string_view>>& out) const {
    for (std::size_t i = 0; i < used_; ++i) {
        if (slots_[i].state == State::kText) {
            out.emplace_back(slots_[i].name, slots_[i].value);
        }
    }
    for (const LabelPair& label : base_->pairs()) {
        if (find_slot(label.name) == nullptr) {
            out.emplace_back(label.name, label.value);
        }
    }
}

void Entry::copy_of(const Entry& other) {
    labels = other.labels;
    extracted = other.extracted;
    time = other.time;
    metadata = other.metadata;
    own_line_.assign(other.line);
    line = own_line_;
    from = other.from;
    to = other.to;
    read_time = other.read_time;
    guessed_time = other.guessed_time;
    recorded_time = other.recorded_time;
    rest = other.rest;
    labels_owner = other.labels_owner;
}

void swap(Entry& a, Entry& b) {
    a.keep();
    b.keep();
    // A short text moves with its string: the views are made anew.
    Entry between = std::move(a);
    a = std::move(b);
    b = std::move(between);
    a.line = a.own_line_;
    b.line = b.own_line_;
}

}  // namespace logi::agent
