// What names a request in logs.
#pragma once

#include "io/random.h"

#include <string>
#include <string_view>

namespace logi::api {

inline constexpr const char* kRequestIdHeader = "X-Request-Id";

// The client's, if it is one: at most 128 letters, digits and any of "-_.:/+=@". Else a new one, 32
// hexadecimal digits.
[[nodiscard]] std::string request_id(std::string_view from_client, io::Random& random);

}  // namespace logi::api
