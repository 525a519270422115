// What a regular expression cannot match without.
#pragma once

#include "regex/literal.h"

#include <string_view>
#include <vector>

namespace logi::regex {

// Texts of which at least one stands in every text that the pattern, a valid one, matches
// somewhere. None if that is not known. Looks at the pattern only, and understands less than all of
// it.
[[nodiscard]] std::vector<Literal> required_literals(std::string_view pattern);

}  // namespace logi::regex
