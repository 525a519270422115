#include "fields/pattern_parser.h"

#include "absl/strings/str_cat.h"
#include "regex/substring.h"

#include <set>

namespace logi::fields {

StatusOr<PatternParser> PatternParser::compile(std::string_view pattern) {
    std::vector<PatternNode> nodes = read_pattern(pattern);
    if (std::none_of(nodes.begin(), nodes.end(), [](const auto& n) { return n.named(); })) {
        return absl::InvalidArgumentError("at least one capture is required");
    }
    LOGI_RETURN_IF_ERROR(check_no_adjacent_captures(nodes));
    std::set<std::string_view> names;
    for (const auto& node : nodes) {
        if (node.named() && !names.insert(node.text).second) {
            return absl::InvalidArgumentError(
                absl::StrCat("duplicate capture name (", node.text, "): invalid expression"));
        }
    }
    return PatternParser(std::move(nodes));
}

void PatternParser::parse(std::string_view line, FieldSink& sink) const {
    std::size_t i = 0;
    if (!nodes_[0].capture) {
        if (!line.starts_with(nodes_[0].text)) {
            return;
        }
        line.remove_prefix(nodes_[0].text.size());
        i = 1;
    } else if (line.empty()) {
        return;
    }
    for (; i < nodes_.size(); i += 2) {
        const bool last = i + 1 == nodes_.size();
        const std::size_t found = last ? regex::kNotFound : regex::find(line, nodes_[i + 1].text);
        const bool to_end = found == regex::kNotFound;
        if (nodes_[i].named() && sink.wants(nodes_[i].text) &&
            !sink.add(nodes_[i].text, to_end ? line : line.substr(0, found))) {
            return;
        }
        if (to_end) {
            return;
        }
        line.remove_prefix(found + nodes_[i + 1].text.size());
    }
}

}  // namespace logi::fields
