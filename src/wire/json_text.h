// Text of JSON answers, byte for byte as Loki writes it.
#pragma once

#include "base/time.h"

#include <string>
#include <string_view>

namespace logi::wire {

// A JSON string as Go's encoding/json writes it: <, >, &, U+2028 and U+2029 escaped, bytes that are
// not UTF-8 as U+FFFD.
void append_json_string(std::string& out, std::string_view s);
// How many bytes that appends.
[[nodiscard]] std::size_t json_string_size(std::string_view s);

// Shortest decimal that reads back as the same number, never with an exponent; NaN, +Inf, -Inf.
[[nodiscard]] std::string format_sample(double value);

// Seconds with up to three decimals, as a JSON number.
[[nodiscard]] std::string format_seconds(Timestamp time);

}  // namespace logi::wire
