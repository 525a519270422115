// JSON values as label values.
#pragma once

#include "fields/json_reader.h"

#include <string>
#include <string_view>

namespace logi::fields {

// The text with its escapes resolved; empty where they are bad. The result is `text` itself or lies
// in `buffer`.
[[nodiscard]] std::string_view json_label_value(std::string_view text,
                                                bool escaped,
                                                std::string& buffer);

}  // namespace logi::fields
