// The keys of Loki's configuration, so that a key without a use here is told from a mistyped one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace logi::config {

// Keys of a section; "" is the top. Null for sections that are taken as they are.
const std::vector<std::string>* loki_keys(std::string_view section);

// The key with the least edit distance; `keys` is not empty.
std::string nearest_key(const std::vector<std::string>& keys, std::string_view key);

}  // namespace logi::config
