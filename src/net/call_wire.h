// How calls are written in gRPC's terms. For the .cc files of this module.
//
//   path           /logi.Cluster/<method>.<version>
//   authorization  Bearer <token of the secret>, where there is one
//   timeout-ms     what the caller waits for, once more: the library tells a server's call its
//                  deadline by a clock of its own
#pragma once

#include "net/caller.h"

#include <optional>
#include <string>
#include <string_view>

namespace logi::net {

inline constexpr const char* kSecretHeader = "authorization";
inline constexpr const char* kTimeoutHeader = "timeout-ms";

[[nodiscard]] std::string path_of(const CallMethod& method);
[[nodiscard]] std::optional<CallMethod> method_of(std::string_view path);

// What shows that one knows the secret. As long and as plain whatever the secret is.
[[nodiscard]] std::string token_of(const std::string& secret);

// For metrics: "ok", "deadline_exceeded".
[[nodiscard]] std::string result_of(const Status& status);

}  // namespace logi::net
