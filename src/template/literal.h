// The value of a literal number.
#pragma once

#include "base/status.h"
#include "template/syntax.h"

#include <string_view>

namespace logi::tmpl {

// 12, 0x1f, 1_000, 1e3 and so on.
StatusOr<Number> parse_number(std::string_view text);
// 'x', which is a number too.
StatusOr<Number> parse_char_literal(std::string_view text);

}  // namespace logi::tmpl
