// Values of structured metadata as they are stored.
#pragma once

#include <string>
#include <string_view>

namespace logi::ingest {

// Whether `value` has bytes that are not UTF-8, or U+FFFD, which is what such bytes became on their
// way here.
[[nodiscard]] bool has_rune_errors(std::string_view value);

// `value` with a space for each of them.
[[nodiscard]] std::string without_rune_errors(std::string_view value);

}  // namespace logi::ingest
