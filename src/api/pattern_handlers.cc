// What lines have in common.
#include "api/answer.h"
#include "api/api.h"
#include "api/params.h"
#include "logql/parser.h"
#include "query/patterns.h"

namespace logi::api {
namespace {

// Loki counts no finer.
constexpr Duration kStepMin = Duration::seconds(10);

StatusOr<query::PatternsRequest> patterns_request(const Params& params, TimeRange range) {
    query::PatternsRequest request;
    LOGI_ASSIGN_OR_RETURN(const Duration step, params.step_of(range));
    LOGI_ASSIGN_OR_RETURN(request.matchers, logql::parse_selector(params.get("query")));
    request.range = range;
    request.step = std::max(step, kStepMin);
    return request;
}

}  // namespace

void Api::patterns(const net::HttpRequest& http, const Scope& scope, net::Responder respond) {
    const Params params(http);
    const auto rules = this->rules(scope);
    const auto range = range_forward(params, rules->limits);
    auto request = range.ok() ? patterns_request(params, *range)
                              : StatusOr<query::PatternsRequest>(range.status());
    if (!request.ok()) {
        respond(error_response(request.status()));
        return;
    }
    ingest::Pinned pinned = pin(scope, *range);
    query::run_patterns(
        *scope.reading,
        std::move(pinned.sources),
        *std::move(request),
        rules->limits,
        http.cancel,
        [bytes_max = rules->limits.max_query_memory_bytes,
         respond = std::move(respond),
         missing = std::move(pinned.missing)](StatusOr<query::Patterns> patterns) {
            if (!patterns.ok()) {
                respond(error_response(patterns.status()));
                return;
            }
            patterns->missing.insert(patterns->missing.end(), missing.begin(), missing.end());
            respond(read_response(patterns_json(*patterns, bytes_max), patterns->missing));
        });
}

}  // namespace logi::api
