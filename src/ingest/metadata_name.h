// Names of structured metadata.
#pragma once

#include "base/status.h"

#include <string>
#include <string_view>

namespace logi::ingest {

// A structured metadata name as Loki stores it: every run of characters outside [A-Za-z0-9] becomes
// one '_', "__x__" keeps its ends, a leading digit gets "key_". kInvalidArgument if nothing is
// left or the name is empty.
StatusOr<std::string> normalise_metadata_name(std::string_view name);

}  // namespace logi::ingest
