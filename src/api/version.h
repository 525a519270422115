// Clients switch features on by it: that of the Loki whose API is spoken.
#pragma once

namespace logi::api {

inline constexpr const char* kLokiVersion = "3.7.6";

}  // namespace logi::api
