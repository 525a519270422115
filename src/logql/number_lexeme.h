// Where a number ends, by the rules of Go's scanner.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace logi::logql {

struct NumberLexeme {
    std::size_t length = 0;
    std::string problem;  // empty: the number is well formed
};

// `text` begins with a digit, or with a point and a digit.
[[nodiscard]] NumberLexeme scan_number(std::string_view text);

}  // namespace logi::logql
