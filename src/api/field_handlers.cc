// What the newest lines of a query have for fields.
#include "api/answer.h"
#include "api/api.h"
#include "api/params.h"
#include "query/detected_fields.h"

namespace logi::api {
namespace {

constexpr std::uint32_t kDefaultLines = 100;
constexpr std::uint32_t kDefaultFields = 1000;

// {name} of …/detected_field/{name}/values.
std::string field_of(const std::string& path) {
    constexpr std::string_view kBefore = "/detected_field/";
    const std::string rest = path.substr(path.find(kBefore) + kBefore.size());
    return rest.substr(0, rest.find('/'));
}

StatusOr<query::Request> lines_request(const Params& params, Timestamp now) {
    query::Request request;
    request.query = params.get("query");
    request.logs_only = true;
    LOGI_ASSIGN_OR_RETURN(const TimeRange range, params.range(now));
    if (range.end < range.start) {
        return absl::InvalidArgumentError(kEndBeforeStart);
    }
    request.start = range.start;
    request.end = range.end;
    LOGI_RETURN_IF_ERROR(params.step_of(range).status());
    LOGI_ASSIGN_OR_RETURN(request.limit, params.limit(kDefaultLines, "line_limit"));
    return request;
}

// Older clients name it field_limit.
StatusOr<std::uint32_t> fields_limit(const Params& params) {
    return params.limit(kDefaultFields, params.get("limit").empty() ? "field_limit" : "limit");
}

}  // namespace

void Api::respond_fields(const net::HttpRequest& http,
                         const Scope& scope,
                         FieldsAnswer answer,
                         net::Responder respond) {
    const Params params(http);
    auto request = lines_request(params, clock_.now());
    const auto limit = fields_limit(params);
    for (const Status& status : {request.status(), limit.status()}) {
        if (!status.ok()) {
            respond(error_response(status));
            return;
        }
    }
    run(
        *std::move(request),
        http,
        scope,
        [limit = *limit, answer = std::move(answer)](
            const query::Result& result, const std::vector<std::string>& warnings, double) {
            return answer(result.rows, limit, warnings);
        },
        std::move(respond));
}

void Api::detected_fields(const net::HttpRequest& http,
                          const Scope& scope,
                          net::Responder respond) {
    const auto answer = [rules = rules(scope), cancel = http.cancel](
                            const std::vector<query::LogRow>& rows,
                            std::uint32_t limit,
                            const std::vector<std::string>& warnings) -> StatusOr<std::string> {
        exec::MemoryBudget memory(rules->limits.max_query_memory_bytes);
        LOGI_ASSIGN_OR_RETURN(const auto fields,
                              query::detected_fields(rows, limit, {memory, cancel}));
        return detected_fields_json(fields, limit, warnings, memory.left_bytes());
    };
    respond_fields(http, scope, answer, std::move(respond));
}

void Api::detected_field_values(const net::HttpRequest& http,
                                const Scope& scope,
                                net::Responder respond) {
    const auto answer = [rules = rules(scope), cancel = http.cancel, name = field_of(http.path)](
                            const std::vector<query::LogRow>& rows,
                            std::uint32_t limit,
                            const std::vector<std::string>& warnings) -> StatusOr<std::string> {
        exec::MemoryBudget memory(rules->limits.max_query_memory_bytes);
        LOGI_ASSIGN_OR_RETURN(const auto values,
                              query::detected_field_values(rows, name, limit, {memory, cancel}));
        return field_values_json(values, limit, warnings, memory.left_bytes());
    };
    respond_fields(http, scope, answer, std::move(respond));
}

}  // namespace logi::api
