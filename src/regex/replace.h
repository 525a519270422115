// Replacement by Go's rules: $1, ${1}, $name, ${name} in the replacement stand for groups, $$ for a
// dollar; a group that is not there or took no part stands for nothing.
#pragma once

#include "regex/regex.h"

#include <string>
#include <string_view>
#include <vector>

namespace logi::regex {

// Appends `replacement` with the groups that regex.find gave.
void expand(const Regex& regex,
            std::string_view replacement,
            const std::vector<std::string_view>& groups,
            std::string& out);

// `text` with every match replaced. An empty match right behind another match is none.
[[nodiscard]] std::string replace_all(const Regex& regex,
                                      std::string_view text,
                                      std::string_view replacement);
// The same with the replacement as it stands.
[[nodiscard]] std::string replace_all_literal(const Regex& regex,
                                              std::string_view text,
                                              std::string_view replacement);

// How many matches replace_all would replace.
[[nodiscard]] std::size_t count_matches(const Regex& regex, std::string_view text);

}  // namespace logi::regex
