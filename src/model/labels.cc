#include "model/labels.h"

namespace logi {
bool is_label_name(std::string_view s) {
    if (s.empty() || (s[0] >= '0' && s[0] <= '9')) {
        return false;
    }
    return std::all_of(s.begin(), s.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_';
    });
}

Labels Labels::of_result(std::vector<LabelPair> pairs) {
    // So they are stored.
    const auto out_of_order =
        std::adjacent_find(pairs.begin(), pairs.end(), [](const LabelPair& a, const LabelPair& b) {
            return a.name >= b.name;
        });
    if (out_of_order == pairs.end()) {
        Labels labels;
        labels.pairs_ = std::move(pairs);
        return labels;
    }
    std::stable_sort(pairs.begin(), pairs.end(), [](const LabelPair& a, const LabelPair& b) {
        return a.name < b.name;
    });
    Labels labels;
    for (auto& pair : pairs) {
        if (!labels.pairs_.empty() && labels.pairs_.back().name == pair.name) {
            labels.pairs_.back() = std::move(pair);
        } else {
            labels.pairs_.push_back(std::move(pair));
        }
    }
    return labels;
}

Labels Labels::from_pairs(std::vector<LabelPair> pairs) {
    Labels labels = of_result(std::move(pairs));
    std::erase_if(labels.pairs_, [](const LabelPair& p) { return p.value.empty(); });
    return labels;
}

StatusOr<Labels> Labels::parse(std::string_view text) {
    LOGI_ASSIGN_OR_RETURN(auto pairs, parse_label_pairs(text));
    return from_pairs(std::move(pairs));
}

std::string label_text(const std::vector<LabelPair>& pairs) {
    std::string out = "{";
    for (const auto& pair : pairs) {
        if (out.size() > 1) {
            out.append(", ");
        }
        // A name with other characters must not read like several pairs.
        out.append(is_label_name(pair.name) ? pair.name : go_quote(pair.name));
        out.append("=").append(go_quote(pair.value));
    }
    out.push_back('}');
    return out;
}

std::string Labels::to_string() const {
    return label_text(pairs_);
}

const LabelPair* Labels::find(std::string_view name) const {
    for (const auto& pair : pairs_) {
        if (pair.name == name) {
            return &pair;
        }
    }
    return nullptr;
}

std::string_view Labels::get(std::string_view name) const {
    const LabelPair* pair = find(name);
    return pair == nullptr ? std::string_view() : std::string_view(pair->value);
}

}  // namespace logi
