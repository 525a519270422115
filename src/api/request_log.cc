// What metrics and the log say of requests.
#include "absl/strings/ascii.h"
#include "api/api.h"
#include "api/query_log.h"
#include "api/read_request.h"
#include "base/log.h"
#include "fields/conversions.h"

namespace logi::api {
namespace {

const std::vector<double> kSecondsBuckets = {
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100};

// /loki/api/v1/label/{name}/values is loki_api_v1_label_name_values.
std::string route_name(std::string_view pattern) {
    std::string out;
    for (const char c : pattern.substr(1)) {
        if (c != '{' && c != '}') {
            out.push_back(c == '/' ? '_' : c);
        }
    }
    return out;
}

}  // namespace

net::Responder Api::measured(const Route& route,
                             const net::HttpRequest& request,
                             net::Responder respond) {
    const Timestamp begin = clock_.now();
    return [this,
            &route,
            begin,
            method = request.method,
            path = request.path,
            id = request.id,
            respond = std::move(respond)](net::HttpResponse response) {
        const Duration took = clock_.now() - begin;
        const std::string status = std::to_string(response.status);
        metrics_
            .histogram("loki_request_duration_seconds",
                       "Time to answer requests.",
                       kSecondsBuckets,
                       {{"method", method},
                        {"route", route_name(route.path)},
                        {"status_code", status},
                        {"ws", response.socket == nullptr ? "false" : "true"}})
            .observe(fields::seconds_of(took));
        base::LogFields line = {{"method", method},
                                {"path", path},
                                {"status", status},
                                {"duration", fields::format_go_duration(took)},
                                {"request_id", id}};
        const bool failed = response.status >= 500;
        if (failed) {
            line.emplace_back("error",
                              std::string(absl::StripTrailingAsciiWhitespace(response.body)));
        }
        base::log(failed ? base::LogLevel::kWarn : base::LogLevel::kDebug, "request", line);
        respond(std::move(response));
    };
}

net::Responder Api::logged(const Route& route,
                           const net::HttpRequest& request,
                           const Scope& scope,
                           net::Responder respond) {
    ReadRecord record = record_of(request, scope, clock_.now());
    record.type = read_type(route.path);
    return [this, record = std::move(record), respond = std::move(respond)](
               net::HttpResponse response) {
        ReadOutcome outcome;
        outcome.status = response.status;
        outcome.took = clock_.now() - record.begin;
        log_read(record, outcome);
        if (is_slow(outcome.took, config_.log_queries_longer_than)) {
            log_slow_read(record, outcome, "");
        }
        respond(std::move(response));
    };
}

}  // namespace logi::api
