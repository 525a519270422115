// The little of a pattern's syntax that has to be known before RE2 sees it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace logi::regex {

struct Rewritten {
    std::string pattern;
    std::size_t depth_max = 0;  // groups within groups
};

// Go also writes (?<name>…) for (?P<name>…), which RE2 learnt later than Debian's. With
// `named_groups_only`, groups without a name capture nothing: they become (?:…).
[[nodiscard]] Rewritten rewrite(std::string_view pattern, bool named_groups_only);

}  // namespace logi::regex
