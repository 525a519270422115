// Digests that configurations can ask for.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace logi::agent {

// The last eight bytes of the MD5 sum, as Prometheus's hashmod takes it.
[[nodiscard]] std::uint64_t md5_tail(std::string_view text);

enum class Digest { kSha256, kSha3 };
[[nodiscard]] std::string hex_digest(Digest kind, std::string_view text);

}  // namespace logi::agent
