// Dates and times as RFC 3339 writes them.
#pragma once

#include "base/status.h"
#include "base/time.h"

#include <string>
#include <string_view>

namespace logi {

// 2024-03-17T10:00:00.123456789+01:00: 'T' and 'Z' in capitals, digits of a second beyond the ninth
// are dropped. Times that nanoseconds since 1970 cannot hold become the nearest that they can.
// kInvalidArgument for everything else.
StatusOr<Timestamp> parse_rfc3339(std::string_view text);

// In UTC, with as many digits of a second as it needs: 2024-03-17T10:00:00.5Z.
[[nodiscard]] std::string format_rfc3339(Timestamp time);

}  // namespace logi
