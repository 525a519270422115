// What metrics and the log say of requests.
#include "absl/strings/ascii.h"
#include "api/api.h"
#include "api/query_log.h"
#include "api/read_request.h"
#include "base/log.h"
#include "fields/conversions.h"

#include <algorithm>
#include <array>

namespace logi::api {
namespace {

const std::vector<double> kRequestSecondsBuckets = {
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100};

const std::vector<double> kRequestBytesBuckets = {
    1 << 10, 8 << 10, 64 << 10, 512 << 10, 1 << 20, 4 << 20, 16 << 20, 64 << 20, 128 << 20};

// What is counted of a request before its answer is known.
base::MetricLabels labels_of(const std::string& route, const std::string& method) {
    constexpr std::array<std::string_view, 8> kMethods = {
        "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "gRPC"};
    const bool known = std::find(kMethods.begin(), kMethods.end(), method) != kMethods.end();
    return {{"method", known ? method : "other"}, {"route", route}};
}

// What the log tells of a request.
struct Asked {
    std::string method;
    std::string path;
    std::string id;
};

void log_request(const Asked& request, const net::HttpResponse& response, Duration took) {
    base::LogFields line = {{"method", request.method},
                            {"path", request.path},
                            {"status", std::to_string(response.status)},
                            {"duration", fields::format_go_duration(took)},
                            {"request_id", request.id}};
    const bool failed = response.status >= 500;
    if (failed) {
        line.emplace_back("error", std::string(absl::StripTrailingAsciiWhitespace(response.body)));
    }
    base::log(failed ? base::LogLevel::kWarn : base::LogLevel::kDebug, "request", line);
}

}  // namespace

std::string Api::route_label(const Route& route) {
    if (is_grpc(route)) {
        return route.path;
    }
    std::string out;
    for (const char c : std::string_view(route.path).substr(1)) {
        if (c != '{' && c != '}') {
            out.push_back(c == '/' ? '_' : c);
        }
    }
    return out;
}

bool Api::is_grpc(const Route& route) {
    return route.methods == std::string_view("gRPC");
}

net::Responder Api::measured(const std::string& route,
                             bool grpc,
                             const net::HttpRequest& request,
                             net::Responder respond) {
    const Timestamp begin = clock_.now();
    base::MetricLabels labels = labels_of(route, grpc ? "gRPC" : request.method);
    const base::Gauge inflight =
        metrics_.gauge("loki_inflight_requests", "Requests under way.", labels);
    inflight.add(1);
    metrics_
        .histogram("loki_request_message_bytes", "Bytes of bodies.", kRequestBytesBuckets, labels)
        .observe(static_cast<double>(request.body.size()));
    return [this,
            begin,
            inflight,
            grpc,
            labels = std::move(labels),
            asked = Asked{request.method, request.path, request.id},
            respond = std::move(respond)](net::HttpResponse response) mutable {
        const Duration took = clock_.now() - begin;
        inflight.add(-1);
        metrics_
            .histogram(
                "loki_response_message_bytes", "Bytes of answers.", kRequestBytesBuckets, labels)
            .observe(static_cast<double>(response.body.size()));
        const bool good = response.status >= 200 && response.status < 300;
        labels["status_code"] = grpc && good ? "success" : std::to_string(response.status);
        labels["ws"] = response.socket == nullptr ? "false" : "true";
        metrics_
            .histogram("loki_request_duration_seconds",
                       "Time to answer requests.",
                       kRequestSecondsBuckets,
                       labels)
            .observe(fields::seconds_of(took));
        log_request(asked, response, took);
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
