// Names of structured metadata, and of labels and metadata that OTLP attributes become.
#pragma once

#include "base/status.h"

#include <string>
#include <string_view>

namespace logi {

// A structured metadata name as Loki stores it: every run of characters outside [A-Za-z0-9] becomes
// one '_', "__x__" keeps its ends, a leading digit gets "key_". kInvalidArgument if nothing is
// left or the name is empty.
StatusOr<std::string> normalise_metadata_name(std::string_view name);

// Whether a name is surely stored as it is: true for nearly all that are.
[[nodiscard]] bool is_normal_metadata_name(std::string_view name);

}  // namespace logi
