// What requests that read log lines have in common.
#pragma once

#include "api/params.h"
#include "api/query_log.h"
#include "api/scope.h"
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

// What the log tells of a read: who asks, and, as far as that can be read, for what time.
[[nodiscard]] ReadRecord record_of(const net::HttpRequest& http, const Scope& scope, Timestamp now);

// Whether a read that took so long is one of those that `longer_than` wants logged.
[[nodiscard]] inline bool is_slow(Duration took, Duration longer_than) {
    return longer_than.ns != 0 && took > longer_than;
}

}  // namespace logi::api
