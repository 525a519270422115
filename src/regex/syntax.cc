#include "regex/syntax.h"

#include <algorithm>

namespace logi::regex {
namespace {

// Length of the escape at the start of `s`: \Q…\E is one.
std::size_t escape_length(std::string_view s) {
    if (!s.starts_with("\\Q")) {
        return std::min<std::size_t>(2, s.size());
    }
    const std::size_t end = s.find("\\E", 2);
    return end == std::string_view::npos ? s.size() : end + 2;
}

// Length of the class that [ opens, at the start of `s`.
std::size_t class_length(std::string_view s) {
    // A ] right behind the opening is an ordinary character.
    std::size_t i = s.starts_with("[^") ? 2 : 1;
    if (s.substr(std::min(i, s.size())).starts_with("]")) {
        ++i;
    }
    while (i < s.size() && s[i] != ']') {
        if (s.substr(i).starts_with("[:")) {
            const std::size_t end = s.find(":]", i + 2);
            i = end == std::string_view::npos ? i + 1 : end + 2;
        } else {
            i += s[i] == '\\' ? 2U : 1U;
        }
    }
    return std::min(i + 1, s.size());
}

bool is_old_name(std::string_view s) {
    return s.starts_with("(?<") && s.size() > 3 && s[3] != '=' && s[3] != '!';
}

}  // namespace

Rewritten rewrite(std::string_view pattern, bool named_groups_only) {
    Rewritten out;
    std::size_t depth = 0;
    for (std::size_t i = 0; i < pattern.size();) {
        const std::string_view rest = pattern.substr(i);
        std::size_t length = 1;
        std::string_view instead;
        if (rest[0] == '\\') {
            length = escape_length(rest);
        } else if (rest[0] == '[') {
            length = class_length(rest);
        } else if (rest[0] == ')') {
            depth -= depth > 0 ? 1 : 0;
        } else if (rest[0] == '(') {
            out.depth_max = std::max(out.depth_max, ++depth);
            if (is_old_name(rest)) {
                length = 3;
                instead = "(?P<";
            } else if (named_groups_only && !rest.starts_with("(?")) {
                instead = "(?:";
            }
        }
        out.pattern.append(instead.empty() ? rest.substr(0, length) : instead);
        i += length;
    }
    return out;
}

}  // namespace logi::regex
