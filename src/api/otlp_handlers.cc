// Logs of OpenTelemetry.
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "api/api.h"
#include "api/otlp_grpc.h"
#include "wire/otlp.h"

namespace logi::api {
namespace {

// Of records in memory, beside what they are decoded to.
constexpr std::uint64_t kMemoryRatio = 8;
// Of an export without records, which OTLP does not call an error.
constexpr int kNothingToStore = 422;

// What is wrong is said by a google.rpc.Status, whatever the request was.
net::HttpResponse http_response(const ingest::PushOutcome& outcome) {
    if (outcome.status == 204) {
        return {204, {}, ""};
    }
    // Clients send again after a 503, and never after a 500.
    net::HttpResponse response{
        outcome.status == 500 ? 503 : outcome.status,
        {{"Content-Type", "application/octet-stream"}, {"X-Content-Type-Options", "nosniff"}},
        wire::rpc_status(outcome.message)};
    if (outcome.retry_after_seconds > 0) {
        response.headers.emplace_back("Retry-After", std::to_string(outcome.retry_after_seconds));
    }
    return response;
}

// Records that nobody can store are told of beside those that are stored; then a client does not
// send them all again.
net::HttpResponse grpc_response(const ingest::PushOutcome& outcome) {
    const bool partial = outcome.status == 400 && outcome.stored > 0;
    if (partial || (outcome.status < 300 && outcome.status != 204)) {
        return {200, {}, wire::otlp_partial_success(outcome.refused, outcome.message)};
    }
    if (outcome.status == 204 || outcome.status == kNothingToStore) {
        return {200, {}, ""};
    }
    net::HttpResponse response{outcome.status, {}, outcome.message};
    if (outcome.retry_after_seconds > 0) {
        response.headers.emplace_back("Retry-After", std::to_string(outcome.retry_after_seconds));
    }
    return response;
}

net::GrpcCode grpc_code(int status) {
    switch (status) {
        case 401:
            return net::GrpcCode::kUnauthenticated;
        case 403:
            return net::GrpcCode::kPermissionDenied;
        case 413:
        case 429:
            return net::GrpcCode::kResourceExhausted;
        default:
            return status < 500 ? net::GrpcCode::kInvalidArgument : net::GrpcCode::kUnavailable;
    }
}

}  // namespace

net::GrpcAnswer grpc_answer(const net::HttpResponse& response) {
    if (response.status < 300) {
        return {net::GrpcCode::kOk, response.body};
    }
    net::GrpcAnswer answer{grpc_code(response.status), response.body};
    if (answer.text.ends_with('\n')) {
        answer.text.pop_back();
    }
    const std::string_view wait = response.header("Retry-After");
    int seconds = 0;
    if (absl::SimpleAtoi(absl::string_view(wait.data(), wait.size()), &seconds)) {
        answer.retry_after = Duration::seconds(seconds);
    }
    return answer;
}

void Api::push_otlp(const net::HttpRequest& request,
                    const std::string& tenant,
                    net::Responder respond) {
    export_logs(
        request, tenant, [respond = std::move(respond)](const ingest::PushOutcome& outcome) {
            respond(http_response(outcome));
        });
}

void Api::push_otlp_grpc(const net::HttpRequest& request,
                         const std::string& tenant,
                         net::Responder respond) {
    export_logs(
        request, tenant, [respond = std::move(respond)](const ingest::PushOutcome& outcome) {
            respond(grpc_response(outcome));
        });
}

void Api::export_logs(const net::HttpRequest& request, const std::string& tenant, Exported done) {
    const std::uint64_t plain = std::max<std::uint64_t>(
        request.body.size(),
        wire::decompressed_size_hint(
            request.body, "application/json", request.header("Content-Encoding")));
    const std::uint64_t decoded =
        std::min(wire::DecodeLimits().decoded_bytes_max, wire::kOtlpBytesPerByte * plain);
    const std::uint64_t bytes = decoded + kMemoryRatio * plain;
    admit_push(bytes,
               request,
               [this, tenant, done = std::move(done)](const net::HttpRequest& admitted,
                                                      const ByteBudget::Ticket& ticket) {
                   export_logs_now(admitted, tenant, done, ticket);
               });
}

void Api::export_logs_now(const net::HttpRequest& request,
                          const std::string& tenant,
                          Exported done,
                          const ByteBudget::Ticket& ticket) {
    const auto rules = this->rules(tenant);
    auto decoded =
        wire::decode_otlp(request.body,
                          request.header("Content-Type"),
                          request.header("Content-Encoding"),
                          {},
                          {rules->otlp, rules->limits.discover_service_name, clock_.now()});
    if (const auto* error = std::get_if<wire::PushError>(&decoded)) {
        done({error->status, error->message, 0, 0, 0});
        return;
    }
    auto& push = std::get<wire::PushRequest>(decoded);
    push.policy = request.header("X-Loki-Ingestion-Policy");
    store_.push(
        tenant,
        std::move(push),
        [done = std::move(done), ticket](const ingest::PushOutcome& outcome) { done(outcome); });
}

}  // namespace logi::api
