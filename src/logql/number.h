// Numbers as Go reads and writes them.
#pragma once

#include <string>
#include <string_view>

namespace logi::logql {

struct ParsedNumber {
    double value = 0;          // infinite where out of range, 0 where the syntax is wrong
    std::string_view problem;  // "invalid syntax", "value out of range", or empty
};

// Decimal and hexadecimal floats, digits set off by underscores; unsigned.
[[nodiscard]] ParsedNumber parse_number(std::string_view text);

// The shortest decimal that reads back the same, never with an exponent.
[[nodiscard]] std::string format_fixed(double value);

// The same digits, with an exponent below 1e-4 and from 1e6 (1e+06).
[[nodiscard]] std::string format_general(double value);

}  // namespace logi::logql
