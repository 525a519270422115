// What requests that read log lines have in common.
#pragma once

#include "api/params.h"
#include "model/limits.h"
#include "net/http.h"
#include "query/query.h"

#include <string>
#include <vector>

namespace logi::api {

inline constexpr std::uint32_t kDefaultLimit = 100;
inline constexpr const char* kCategorizeLabels = "categorize-labels";

// The client's wishes for the form of the answer, as it names them.
[[nodiscard]] std::vector<std::string> encoding_flags(const net::HttpRequest& request);
[[nodiscard]] bool categorizes(const std::vector<std::string>& encoding_flags);

// The query, with the older API's parameter `regexp` as one more filter.
[[nodiscard]] std::string legacy_query_text(const Params& params);

// Parsed, and within the limits.
StatusOr<query::Prepared> prepare(query::Request request, const Limits& limits, Timestamp now);

}  // namespace logi::api
