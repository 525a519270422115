// Logs of OpenTelemetry. What is wrong is said by a google.rpc.Status, whatever the request was.
#include "absl/strings/str_cat.h"
#include "api/api.h"
#include "wire/otlp.h"

namespace logi::api {
namespace {

// Of records in memory, beside what they are decoded to.
constexpr std::uint64_t kMemoryRatio = 8;

net::HttpResponse status_response(int status, std::string_view message) {
    // Clients send again after a 503, and never after a 500.
    return {status == 500 ? 503 : status,
            {{"Content-Type", "application/octet-stream"}, {"X-Content-Type-Options", "nosniff"}},
            wire::rpc_status(message)};
}

}  // namespace

void Api::push_otlp(const net::HttpRequest& request,
                    const std::string& tenant,
                    net::Responder respond) {
    const std::uint64_t plain = std::max<std::uint64_t>(
        request.body.size(),
        wire::decompressed_size_hint(
            request.body, "application/json", request.header("Content-Encoding")));
    const std::uint64_t decoded =
        std::min(wire::DecodeLimits().decoded_bytes_max, wire::kOtlpBytesPerByte * plain);
    const std::uint64_t bytes = decoded + kMemoryRatio * plain;
    if (const auto ticket = push_budget_.try_take(bytes)) {
        push_otlp_now(request, tenant, std::move(respond), ticket);
        return;
    }
    push_budget_.take(bytes,
                      [this,
                       request = std::make_shared<net::HttpRequest>(request),
                       tenant,
                       respond = std::move(respond)](const ByteBudget::Ticket& ticket) {
                          push_otlp_now(*request, tenant, respond, ticket);
                      });
}

void Api::push_otlp_now(const net::HttpRequest& request,
                        const std::string& tenant,
                        net::Responder respond,
                        const ByteBudget::Ticket& ticket) {
    const auto rules = this->rules(tenant);
    auto decoded =
        wire::decode_otlp(request.body,
                          request.header("Content-Type"),
                          request.header("Content-Encoding"),
                          {},
                          {rules->otlp, rules->limits.discover_service_name, clock_.now()});
    if (const auto* error = std::get_if<wire::PushError>(&decoded)) {
        respond(status_response(error->status, error->message));
        return;
    }
    auto& push = std::get<wire::PushRequest>(decoded);
    push.policy = request.header("X-Loki-Ingestion-Policy");
    store_.push(tenant,
                std::move(push),
                [respond = std::move(respond), ticket](const ingest::PushOutcome& outcome) {
                    if (outcome.status == 204) {
                        respond({204, {}, ""});
                        return;
                    }
                    auto response = status_response(outcome.status, outcome.message);
                    if (outcome.retry_after_seconds > 0) {
                        response.headers.emplace_back("Retry-After",
                                                      std::to_string(outcome.retry_after_seconds));
                    }
                    respond(std::move(response));
                });
}

}  // namespace logi::api
