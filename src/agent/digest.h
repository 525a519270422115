// Digests that configurations can ask for.
#pragma once

#include <string>
#include <string_view>

namespace logi::agent {

enum class Digest { kSha256, kSha3 };
[[nodiscard]] std::string hex_digest(Digest kind, std::string_view text);

}  // namespace logi::agent
