#include "entry_labels.h"

namespace logi::reference {

EntryLabels::EntryLabels(const LabelMap& stream, const LabelMap& metadata) : stream_(stream) {
    for (const auto& [name, value] : stream) {
        labels_[name] = {Category::kStream, value};
    }
    for (const auto& [name, value] : metadata) {
        if (name == kError) {
            error_ = value;
        } else if (name == kErrorDetails) {
            error_details_ = value;
        } else {
            labels_[stream.count(name) > 0 ? name + "_extracted" : name] = {Category::kMetadata,
                                                                            value};
        }
    }
}

std::optional<std::string> EntryLabels::get(const std::string& name) const {
    const auto it = labels_.find(name);
    return it == labels_.end() ? std::nullopt : std::optional(it->second.second);
}

std::optional<std::string> EntryLabels::get_with_error(const std::string& name) const {
    const LabelMap labels = all();
    const auto it = labels.find(name);
    return it == labels.end() ? std::nullopt : std::optional(it->second);
}

void EntryLabels::set_parsed(const std::string& name, const std::string& value) {
    labels_[name] = {Category::kParsed, value};
}

void EntryLabels::remove(const std::string& name) {
    if (name == kError) {
        error_.clear();
    } else if (name == kErrorDetails) {
        error_details_.clear();
    } else {
        labels_.erase(name);
    }
}

std::string EntryLabels::field_name(const std::string& name) const {
    const auto it = labels_.find(name);
    const bool metadata = it != labels_.end() && it->second.first == Category::kMetadata;
    return stream_.count(name) > 0 || metadata ? name + "_extracted" : name;
}

void EntryLabels::set_extracted(const std::string& name, const std::string& value) {
    set_parsed(name, value);
    extracted_.insert(name);
}

void EntryLabels::set_error(const std::string& kind, const std::string& details) {
    error_ = kind;
    error_details_ = details;
}

LabelMap EntryLabels::all() const {
    LabelMap out;
    for (const auto category : {Category::kStream, Category::kMetadata, Category::kParsed}) {
        out.merge(of(category));
    }
    return out;
}

LabelMap EntryLabels::of(Category category) const {
    LabelMap out;
    for (const auto& [name, label] : labels_) {
        if (label.first == category) {
            out[name] = label.second;
        }
    }
    if (category == Category::kParsed && !error_.empty()) {
        out[kError] = error_;
    }
    if (category == Category::kParsed && !error_details_.empty()) {
        out[kErrorDetails] = error_details_;
    }
    return out;
}

}  // namespace logi::reference
