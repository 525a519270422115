// Paths into JSON: order.items[0].sku, ["key with spaces"]["x"], [2].
#pragma once

#include "base/status.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace logi::fields {

struct JsonPathPart {
    std::string key;
    std::optional<std::size_t> index;  // an element of an array; then there is no key
};
using JsonPath = std::vector<JsonPathPart>;

// kInvalidArgument in Loki's words: "syntax error: unexpected DOT, expecting FIELD".
StatusOr<JsonPath> parse_json_path(std::string_view text);

}  // namespace logi::fields
