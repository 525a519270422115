// Sizes such as 1.5 GiB.
#pragma once

#include "base/status.h"

#include <string_view>

namespace logi::tmpl {

// Whole bytes: decimal units (k, MB) count by 1000, binary ones (Ki, MiB) by 1024, case does not
// matter, commas in the number neither. kInvalidArgument says what is wrong.
StatusOr<double> parse_byte_size(std::string_view text);

}  // namespace logi::tmpl
