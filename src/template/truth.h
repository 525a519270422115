// When a value counts as true.
#pragma once

#include "template/value.h"

namespace logi::tmpl {

// Not empty and not zero; times are always true. For resolved values.
[[nodiscard]] bool is_true(const Value& value);

}  // namespace logi::tmpl
