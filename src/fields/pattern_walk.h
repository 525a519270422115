// Where the captures of a pattern are in a line.
#pragma once

#include "fields/pattern_syntax.h"
#include "regex/substring.h"

#include <string_view>
#include <vector>

namespace logi::fields {

// A Taker has
//   bool begins(literal)            whether the line begins with the literal
//   std::size_t find(literal, from) where it stands first, or regex::kNotFound
//   bool capture(node, begin, end, behind) a capture, named or not, and where the next one begins;
//                                          false: stop
template <typename Taker>
void walk_pattern(const std::vector<PatternNode>& nodes, std::string_view line, Taker& taker) {
    std::size_t at = 0;
    std::size_t i = 0;
    if (!nodes[0].capture) {
        if (!taker.begins(nodes[0].text)) {
            return;
        }
        at = nodes[0].text.size();
        i = 1;
    } else if (line.empty()) {
        return;
    }
    for (; i < nodes.size(); i += 2) {
        const bool last = i + 1 == nodes.size();
        const std::size_t found = last ? regex::kNotFound : taker.find(nodes[i + 1].text, at);
        const bool to_end = found == regex::kNotFound;
        const std::size_t end = to_end ? line.size() : found;
        const std::size_t behind = to_end ? end : end + nodes[i + 1].text.size();
        if (!taker.capture(nodes[i], at, end, behind) || to_end) {
            return;
        }
        at = behind;
    }
}

}  // namespace logi::fields
