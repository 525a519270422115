// JSON over several lines.
#pragma once

#include <string>
#include <string_view>

namespace logi::wire {

// Indented by two spaces as Go's json.Indent() does it. `json` is valid.
[[nodiscard]] std::string pretty_json(std::string_view json);

}  // namespace logi::wire
