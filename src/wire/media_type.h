// The media type of a Content-Type header.
#pragma once

#include "base/status.h"

#include <string>
#include <string_view>

namespace logi::wire {

// The type in lower case, without its parameters, which are checked. kInvalidArgument with Go's
// words, as Loki answers them: "mime: no media type".
StatusOr<std::string> parse_media_type(std::string_view content_type);

}  // namespace logi::wire
