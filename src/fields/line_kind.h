// What a line looks like, before anybody parses it.
#pragma once

#include <string_view>

namespace logi::fields {

// An object between braces, with white space around it.
[[nodiscard]] bool looks_like_json(std::string_view line);

// Letters of ASCII only.
[[nodiscard]] bool equals_ignoring_case(std::string_view a, std::string_view b);

}  // namespace logi::fields
