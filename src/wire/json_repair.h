// Loki's JSON reader takes more than JSON; this makes JSON of what it takes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace logi::wire {

// `text` with control characters in strings escaped, bytes that are not UTF-8 as U+FFFD, and
// without what follows the first object or array. Empty if that is longer than `bytes_max`.
[[nodiscard]] std::string repair_json(std::string_view text, std::uint64_t bytes_max);

}  // namespace logi::wire
