// Go's durations as text: 1h2m3.5s.
#pragma once

#include "base/status.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace logi::tmpl {

// Nanoseconds. kInvalidArgument with Go's text: time: unknown unit "d" in duration "1d"
StatusOr<std::int64_t> parse_duration(std::string_view text);
[[nodiscard]] std::string duration_to_string(std::int64_t nanos);
// Whole seconds and the rest apart, so that the fraction keeps its digits.
[[nodiscard]] double duration_seconds(std::int64_t nanos);

}  // namespace logi::tmpl
