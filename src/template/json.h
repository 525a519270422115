// JSON text to values, as Go's encoding/json reads it into an interface value.
#pragma once

#include "base/status.h"
#include "template/frame.h"
#include "template/value.h"

#include <string_view>

namespace logi::tmpl {

// Objects become maps, arrays lists, numbers float64, null nil. Strict: kNil for text that is not
// one JSON value, or nested deeper than kJsonDepthMax. Bytes that are not UTF-8 become U+FFFD, of
// equal keys the last counts. An error only when the execution's memory is used up.
StatusOr<Value> json_value(Frame& frame, std::string_view text);

}  // namespace logi::tmpl
