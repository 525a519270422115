// The stage `| decolorize`.
#pragma once

#include <string>
#include <string_view>

namespace logi::fields {

// `line` without the escape sequences of terminals: colours, cursor movements, titles. The result
// is `line` itself or lies in `buffer`.
[[nodiscard]] std::string_view decolorize(std::string_view line, std::string& buffer);

}  // namespace logi::fields
