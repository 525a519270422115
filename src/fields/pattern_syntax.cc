#include "fields/pattern_syntax.h"

#include "absl/strings/str_cat.h"

namespace logi::fields {
namespace {

bool in_name(char c, bool first) {
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (!first && c >= '0' && c <= '9');
}

// Length of the capture that begins `s`, or 0.
std::size_t capture_length(std::string_view s) {
    std::size_t end = 1;
    while (end < s.size() && in_name(s[end], end == 1)) {
        ++end;
    }
    return end > 1 && end < s.size() && s[end] == '>' ? end + 1 : 0;
}

}  // namespace

std::vector<PatternNode> read_pattern(std::string_view text) {
    std::vector<PatternNode> nodes;
    while (!text.empty()) {
        const std::size_t length = text[0] == '<' ? capture_length(text) : 0;
        if (length != 0) {
            nodes.push_back({true, std::string(text.substr(1, length - 2))});
            text.remove_prefix(length);
            continue;
        }
        if (nodes.empty() || nodes.back().capture) {
            nodes.push_back({});
        }
        nodes.back().text.push_back(text[0]);
        text.remove_prefix(1);
    }
    return nodes;
}

Status check_no_adjacent_captures(const std::vector<PatternNode>& nodes) {
    for (std::size_t i = 1; i < nodes.size(); ++i) {
        if (nodes[i - 1].capture && nodes[i].capture) {
            return absl::InvalidArgumentError(absl::StrCat("found consecutive capture '<",
                                                           nodes[i - 1].text,
                                                           "><",
                                                           nodes[i].text,
                                                           ">': invalid expression"));
        }
    }
    return absl::OkStatus();
}

}  // namespace logi::fields
