// What requests that read log lines have in common.
#pragma once

#include "api/params.h"
#include "io/executor.h"
#include "model/limits.h"
#include "net/http.h"
#include "query/fair_queue.h"
#include "query/query.h"

#include <memory>
#include <string>
#include <vector>

namespace logi::api {

inline constexpr std::uint32_t kDefaultLimit = 100;
inline constexpr const char* kCategorizeLabels = "categorize-labels";

// The client's wishes for the form of the answer, as it names them.
[[nodiscard]] std::vector<std::string> encoding_flags(const net::HttpRequest& request);
[[nodiscard]] bool categorizes(const std::vector<std::string>& encoding_flags);

// A place for a read among its tenant's. kResourceExhausted if there is none.
StatusOr<std::shared_ptr<io::Executor>> enter_turns(query::FairQueue& turns,
                                                    const std::string& tenant,
                                                    const Limits& limits,
                                                    const io::Executor& executor);

// The query, with the older API's parameter `regexp` as one more filter.
[[nodiscard]] std::string legacy_query_text(const Params& params);

// Parsed, and within the limits.
StatusOr<query::Prepared> prepare(query::Request request, const Limits& limits, Timestamp now);

}  // namespace logi::api
