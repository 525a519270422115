#include "fields/pattern_filter.h"

#include "absl/strings/str_cat.h"
#include "regex/substring.h"

namespace logi::fields {

StatusOr<PatternFilter> PatternFilter::compile(std::string_view pattern) {
    std::vector<PatternNode> nodes = read_pattern(pattern);
    LOGI_RETURN_IF_ERROR(check_no_adjacent_captures(nodes));
    for (const auto& node : nodes) {
        if (node.named()) {
            return absl::InvalidArgumentError(
                absl::StrCat("named captures are not allowed: found '<", node.text, ">'"));
        }
    }
    return PatternFilter(std::move(nodes));
}

bool PatternFilter::matches(std::string_view line) const {
    if (line.empty() || nodes_.empty()) {
        return line.empty() && nodes_.empty();
    }
    std::size_t at = 0;
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        if (nodes_[i].capture) {
            continue;
        }
        const std::size_t found = regex::find(line, nodes_[i].text, at);
        if (found == regex::kNotFound || (i > 0 && found == at)) {
            return false;
        }
        at = found + nodes_[i].text.size();
    }
    return nodes_.back().capture == (at < line.size());
}

std::vector<std::string_view> PatternFilter::literals() const {
    std::vector<std::string_view> out;
    for (const auto& node : nodes_) {
        if (!node.capture) {
            out.emplace_back(node.text);
        }
    }
    return out;
}

}  // namespace logi::fields
