// Patterns: literals, and captures <name> or <_>.
#pragma once

#include "base/status.h"

#include <string>
#include <string_view>
#include <vector>

namespace logi::fields {

struct PatternNode {
    bool capture = false;
    std::string text;  // of a literal, or the name of a capture; "_": it is not kept
    [[nodiscard]] bool named() const { return capture && text != "_"; }
};

// No two literals follow one another. What is no capture is a literal, also a lone '<'.
[[nodiscard]] std::vector<PatternNode> read_pattern(std::string_view text);

// kInvalidArgument "found consecutive capture '<a><b>': invalid expression".
Status check_no_adjacent_captures(const std::vector<PatternNode>& nodes);

}  // namespace logi::fields
