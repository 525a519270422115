#include "exec/entry_labels.h"

#include <algorithm>
#include <cstring>

namespace logi::exec {
namespace {

void sort_by_name(std::vector<MetadataView>& labels) {
    std::sort(labels.begin(), labels.end(), [](const MetadataView& a, const MetadataView& b) {
        return a.name < b.name;
    });
}

}  // namespace

std::string_view EntryArena::copy(std::string_view s) {
    if (s.empty()) {
        return {};
    }
    while (chunk_ < chunks_.size() && used_ + s.size() > chunks_[chunk_].capacity) {
        ++chunk_;
        used_ = 0;
    }
    if (chunk_ == chunks_.size()) {
        const std::size_t capacity = std::max(kChunkBytes, s.size());
        chunks_.push_back({std::make_unique_for_overwrite<char[]>(capacity), capacity});
    }
    char* place = chunks_[chunk_].bytes.get() + used_;
    std::memcpy(place, s.data(), s.size());
    used_ += s.size();
    return {place, s.size()};
}

void EntryLabels::begin(const Labels& stream, absl::Span<const MetadataView> metadata) {
    stream_ = &stream;
    changes_.clear();
    index_.clear();
    stream_changed_ = false;
    error_ = {};
    error_details_ = {};
    arena_.clear();
    for (const auto& pair : metadata) {
        if (pair.name == kErrorLabel) {
            error_ = pair.value;
        } else if (pair.name == kErrorDetailsLabel) {
            error_details_ = pair.value;
        } else {
            add_metadata(pair);
        }
    }
}

// Metadata may have both a name of the stream and that name with "_extracted": the latter stays.
void EntryLabels::add_metadata(const MetadataView& pair) {
    if (stream_->find(pair.name) == nullptr) {
        if (Change* change = find(pair.name); change != nullptr) {
            change->value = pair.value;
        } else {
            add({pair.name, pair.value, LabelCategory::kMetadata});
        }
        return;
    }
    const std::string_view name = arena_.copy(std::string(pair.name).append(kExtracted));
    add({name, pair.value, LabelCategory::kMetadata});
    stream_changed_ = stream_changed_ || stream_->find(name) != nullptr;
}

const EntryLabels::Change* EntryLabels::find(std::string_view name) const {
    if (changes_.size() > kFew) {
        const auto it = index_.find(name);
        return it == index_.end() ? nullptr : &changes_[it->second];
    }
    for (const Change& change : changes_) {
        if (change.name == name) {
            return &change;
        }
    }
    return nullptr;
}

EntryLabels::Change* EntryLabels::find(std::string_view name) {
    return const_cast<Change*>(std::as_const(*this).find(name));
}

EntryLabels::Change& EntryLabels::add(const Change& change) {
    changes_.push_back(change);
    if (changes_.size() > kFew) {
        for (std::size_t i = index_.size(); i < changes_.size(); ++i) {
            index_.emplace(changes_[i].name, i);
        }
    }
    return changes_.back();
}

bool EntryLabels::metadata_has(std::string_view name) const {
    const Change* change = find(name);
    return change != nullptr && change->category == LabelCategory::kMetadata && !change->removed;
}

std::optional<std::string_view> EntryLabels::get(std::string_view name) const {
    if (const Change* change = find(name); change != nullptr) {
        return change->removed ? std::nullopt : std::optional(change->value);
    }
    if (const LabelPair* pair = stream_->find(name); pair != nullptr) {
        return pair->value;
    }
    if (name == kErrorLabel && !error_.empty()) {
        return error_;
    }
    if (name == kErrorDetailsLabel && !error_details_.empty()) {
        return error_details_;
    }
    return std::nullopt;
}

void EntryLabels::set(std::string_view name, std::string_view value) {
    put(name, value);
}

EntryLabels::Change& EntryLabels::put(std::string_view name, std::string_view value) {
    const std::string_view stored = arena_.copy(value);
    stream_changed_ = stream_changed_ || stream_->find(name) != nullptr;
    if (Change* change = find(name); change != nullptr) {
        change->value = stored;
        change->category = LabelCategory::kParsed;
        change->removed = false;
        return *change;
    }
    return add({arena_.copy(name), stored, LabelCategory::kParsed});
}

void EntryLabels::erase(std::string_view name) {
    if (name == kErrorLabel) {
        clear_error();
    } else if (name == kErrorDetailsLabel) {
        clear_error_details();
    } else if (Change* change = find(name); change != nullptr) {
        change->removed = true;
    } else if (const LabelPair* pair = stream_->find(name); pair != nullptr) {
        add({pair->name, {}, LabelCategory::kStream, true});
        stream_changed_ = true;
    }
}

std::string_view EntryLabels::field_name(std::string_view name) {
    if (stream_->find(name) == nullptr && !metadata_has(name)) {
        return name;
    }
    field_name_.assign(name).append(kExtracted);
    return field_name_;
}

bool EntryLabels::extracted(std::string_view name) const {
    const Change* change = find(name);
    return change != nullptr && change->extracted;
}

void EntryLabels::extract(std::string_view name, std::string_view value) {
    if (!extracted(name)) {
        extract_over(name, value);
    }
}

void EntryLabels::extract_over(std::string_view name, std::string_view value) {
    put(name, value).extracted = true;
}

void EntryLabels::set_error(std::string_view kind, std::string_view details) {
    error_ = arena_.copy(kind);
    error_details_ = arena_.copy(details);
}

void EntryLabels::sorted(std::vector<MetadataView>& out) const {
    out.clear();
    for (const auto& pair : stream_->pairs()) {
        if (!stream_changed_ || find(pair.name) == nullptr) {
            out.push_back({pair.name, pair.value});
        }
    }
    const std::size_t unchanged = out.size();
    for (const Change& change : changes_) {
        if (!change.removed) {
            out.push_back({change.name, change.value});
        }
    }
    if (!error_.empty()) {
        out.push_back({kErrorLabel, error_});
    }
    if (!error_details_.empty()) {
        out.push_back({kErrorDetailsLabel, error_details_});
    }
    if (out.size() > unchanged) {
        sort_by_name(out);
    }
}

void EntryLabels::sorted(LabelCategory category, std::vector<MetadataView>& out) const {
    out.clear();
    if (category == LabelCategory::kStream) {
        for (const auto& pair : stream_->pairs()) {
            if (!stream_changed_ || find(pair.name) == nullptr) {
                out.push_back({pair.name, pair.value});
            }
        }
    }
    for (const Change& change : changes_) {
        if (!change.removed && change.category == category) {
            out.push_back({change.name, change.value});
        }
    }
    if (category == LabelCategory::kParsed && !error_.empty()) {
        out.push_back({kErrorLabel, error_});
    }
    if (category == LabelCategory::kParsed && !error_details_.empty()) {
        out.push_back({kErrorDetailsLabel, error_details_});
    }
    sort_by_name(out);
}

}  // namespace logi::exec
