// Any value as a number, zero where it is none.
#pragma once

#include "template/value.h"

#include <cstdint>

namespace logi::tmpl {

// Text may have a base prefix (0x1f) and a fraction that is dropped ("3.99"), but no exponent.
[[nodiscard]] std::int64_t to_int(const Value& value);
[[nodiscard]] double to_float(const Value& value);

}  // namespace logi::tmpl
