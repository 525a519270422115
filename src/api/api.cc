#include "api/api.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "api/answer.h"
#include "api/compression.h"
#include "api/otlp_grpc.h"
#include "api/query_log.h"
#include "api/read_request.h"
#include "api/request_id.h"
#include "base/log.h"

#include <set>

namespace logi::api {
namespace {

constexpr const char* kDefaultTenant = "fake";
constexpr std::size_t kTenantBytesMax = 150;
constexpr const char* kNoRoute = "other";
// A decoded push takes a few times the bytes of its body.
constexpr std::uint64_t kPushMemoryRatio = 8;
// Of everything but a push: as Loki's query frontend has it.
constexpr std::size_t kFormBytesMax = 10U << 20U;
constexpr std::ptrdiff_t kParametersMax = 10'000;
constexpr const char* kTimedOut =
    "request timed out, decrease the duration of the request or add more label matchers (prefer "
    "exact match over regex match) to reduce the amount of data processed";
bool path_matches(std::string_view pattern, std::string_view path) {
    while (!pattern.empty() && !path.empty()) {
        if (pattern.front() == '{') {
            pattern.remove_prefix(pattern.find('}') + 1);
            const std::size_t end = std::min(path.find('/'), path.size());
            if (end == 0) {
                return false;
            }
            path.remove_prefix(end);
        } else if (pattern.front() == path.front()) {
            pattern.remove_prefix(1);
            path.remove_prefix(1);
        } else {
            return false;
        }
    }
    return pattern.empty() && path.empty();
}

bool may_read_all(const auth::Credential& who, const Scope& scope) {
    return who.may_be(scope.tenant) &&
           std::all_of(scope.others.begin(), scope.others.end(), [&](const auto& tenant) {
               return who.may_be(tenant);
           });
}

// 200 if the request's parameters are no more than a form may have.
net::HttpResponse check_form(const Endpoint& endpoint, const net::HttpRequest& request) {
    if (endpoint.is_for(auth::Right::kPush)) {
        return {};
    }
    if (request.body.size() > kFormBytesMax) {
        return error_response(413, "http: request body too large");
    }
    const auto parameters = std::count(request.body.begin(), request.body.end(), '&') +
                            std::count(request.query.begin(), request.query.end(), '&');
    return parameters < kParametersMax ? net::HttpResponse{}
                                       : error_response(400, "too many parameters");
}

// To who asks what an endpoint takes, or with something else.
net::HttpResponse other_method(std::string_view methods, std::string_view method) {
    std::vector<absl::string_view> allowed =
        absl::StrSplit(absl::string_view(methods.data(), methods.size()), ' ');
    if (allowed.front() == "GET") {
        allowed.insert(allowed.begin() + 1, "HEAD");
    }
    allowed.emplace_back("OPTIONS");
    return {method == "OPTIONS" ? 204 : 405, {{"Allow", absl::StrJoin(allowed, ", ")}}, ""};
}

}  // namespace

bool is_legacy(const net::HttpRequest& request) {
    return request.path.starts_with("/api/prom/");
}

StatusOr<std::string> check_tenant(std::string_view id) {
    if (id.find('|') != std::string_view::npos) {
        return absl::InvalidArgumentError("multiple org IDs present");
    }
    if (id.size() > kTenantBytesMax) {
        return absl::InvalidArgumentError("tenant ID is too long: max 150 characters");
    }
    constexpr std::string_view kOthers = "!-_.*'()";
    for (const char c : id) {
        const bool plain =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!plain && kOthers.find(c) == std::string_view::npos) {
            return absl::InvalidArgumentError(absl::StrCat("tenant ID '",
                                                           std::string(id),
                                                           "' contains unsupported character '",
                                                           std::string(1, c),
                                                           "'"));
        }
    }
    if (id == "." || id == "..") {
        return absl::InvalidArgumentError("tenant ID is '.' or '..'");
    }
    return std::string(id);
}

void Api::handle(net::HttpRequest request, net::Responder respond) {
    request.id = request_id(request.header(kRequestIdHeader), random_);
    if (config_.compress_responses) {
        respond = compressing(request, std::move(respond));
    }
    respond = [id = request.id, respond = std::move(respond)](net::HttpResponse response) {
        response.headers.emplace_back(kRequestIdHeader, id);
        respond(std::move(response));
    };
    for (const Route& route : routes()) {
        if (!path_matches(route.path, request.path)) {
            continue;
        }
        const std::string method = request.method == "HEAD" ? "GET" : request.method;
        if (!absl::StrContains(absl::StrCat(" ", route.methods, " "),
                               absl::StrCat(" ", method, " "))) {
            measured(kNoRoute, false, request, std::move(respond))(
                other_method(route.methods, request.method));
            return;
        }
        dispatch(route, std::move(request), std::move(respond));
        return;
    }
    const bool about_server = request.path == "*" && request.method == "OPTIONS";
    respond = measured(kNoRoute, false, request, std::move(respond));
    respond(about_server ? net::HttpResponse{204, {}, ""}
                         : error_response(404, "404 page not found\n"));
}

void Api::handle_grpc(net::HttpRequest request, const net::GrpcResponder& respond) {
    if (request.path != grpc_route().path) {
        respond({net::GrpcCode::kUnimplemented, absl::StrCat("unknown method ", request.path)});
        return;
    }
    request.id = request_id(request.header(kRequestIdHeader), random_);
    // Metadata may have a name like that, too; the first counts.
    request.headers.insert(request.headers.begin(), {"Content-Type", "application/x-protobuf"});
    dispatch(grpc_route(), std::move(request), [respond](const net::HttpResponse& response) {
        respond(grpc_answer(response));
    });
}

void Api::dispatch(const Route& route, net::HttpRequest request, net::Responder respond) {
    respond = measured(route_label(route), is_grpc(route), request, std::move(respond));
    if (auto refused = check_form(route, request); refused.status != 200) {
        respond(std::move(refused));
        return;
    }
    if (const std::string why = not_here(route); !why.empty()) {
        respond(error_response(404, why));
        return;
    }
    if (gate_ == nullptr || std::holds_alternative<Everybody>(route.access)) {
        let_in(route, nullptr, std::move(request), std::move(respond));
        return;
    }
    const std::string authorization(request.header("Authorization"));
    const auto certificate = request.peer;
    gate_->identify(
        authorization,
        certificate.get(),
        [this, &route, respond, request = std::make_shared<net::HttpRequest>(std::move(request))](
            StatusOr<std::shared_ptr<const auth::Credential>> who) {
            if (who.ok()) {
                let_in(route, *who, std::move(*request), respond);
                return;
            }
            base::log_warn("refused",
                           {{"path", route.path},
                            {"why", std::string(who.status().message())},
                            {"request_id", request->id}});
            const bool busy = absl::IsResourceExhausted(who.status());
            auto refused =
                error_response(busy ? 503 : 401, absl::StrCat(who.status().message(), "\n"));
            refused.headers.push_back(busy ? net::Header("Retry-After", "1")
                                           : net::Header("WWW-Authenticate", gate_->challenge()));
            respond(std::move(refused));
        });
}

bool Api::tells_of_rules(const Route& route) {
    const auto* handler = std::get_if<ScopeHandler>(&route.handler);
    return handler != nullptr && (*handler == &Api::list_rules || *handler == &Api::list_alerts);
}

std::string Api::not_here(const Route& route) const {
    if (!roles_.write && route.is_for(auth::Right::kPush)) {
        return "this process takes no pushes: write is not among its roles";
    }
    const bool about_rules = route.is_for(auth::Right::kRules) || tells_of_rules(route);
    if (about_rules) {
        return ruler_ != nullptr
                   ? ""
                   : "this process has nothing to do with rules: neither rule nor read is among "
                     "its roles";
    }
    if (!roles_.read && route.is_for(auth::Right::kQuery)) {
        return "this process answers no queries: read is not among its roles";
    }
    return {};
}

std::variant<Scope, net::HttpResponse> Api::scope_of(const Route& route,
                                                     const auth::Credential* who,
                                                     const net::HttpRequest& request) const {
    Scope scope;
    scope.tenant = kDefaultTenant;
    const bool by_header = route.tenant == TenantUse::kHeader ||
                           (route.tenant != TenantUse::kNone && config_.auth_enabled);
    if (by_header) {
        std::string header(request.header("X-Scope-OrgID"));
        if (header.empty() && who != nullptr && who->only_tenant() != nullptr) {
            header = *who->only_tenant();
        }
        if (header.empty()) {
            return error_response(401, "no org id\n");
        }
        // Several only where they are read, and where that is wanted.
        const bool several =
            config_.multi_tenant_queries_enabled && route.tenant == TenantUse::kSeveral;
        std::set<std::string> tenants;
        const std::vector<std::string> named =
            several ? absl::StrSplit(header, '|') : std::vector<std::string>{header};
        for (const auto& id : named) {
            auto checked = id.empty() ? absl::InvalidArgumentError("no org id") : check_tenant(id);
            if (!checked.ok()) {
                return error_response(400, absl::StrCat(checked.status().message(), "\n"));
            }
            tenants.insert(*std::move(checked));
        }
        scope.tenant = *tenants.begin();
        scope.others.assign(std::next(tenants.begin()), tenants.end());
    }
    if (who == nullptr) {
        return scope;
    }
    const auto* right = std::get_if<auth::Right>(&route.access);
    const bool may = right == nullptr || who->has(*right);
    if (!may || (route.tenant != TenantUse::kNone && !may_read_all(*who, scope))) {
        const std::string why =
            may ? "the credential is not for this tenant"
                : absl::StrCat("the credential lacks the right '", auth::name_of(*right), "'");
        base::log_warn("refused",
                       {{"path", route.path},
                        {"credential", who->name},
                        {"why", why},
                        {"request_id", request.id}});
        return error_response(403, why + "\n");
    }
    scope.only = who->only;
    return scope;
}

void Api::let_in(const Route& route,
                 const std::shared_ptr<const auth::Credential>& who,
                 net::HttpRequest request,
                 net::Responder respond) {
    auto found = scope_of(route, who.get(), request);
    if (auto* refused = std::get_if<net::HttpResponse>(&found)) {
        respond(std::move(*refused));
        return;
    }
    // Reading blocks on files, so it happens on the executor and not on the network's threads.
    const bool reading = route.work == Work::kReading;
    Scope scope = std::get<Scope>(std::move(found));
    if (reading) {
        auto place = enter_turns(turns_, scope.tenant, rules(scope)->limits, executor_);
        if (!place.ok()) {
            respond(error_response(429, std::string(place.status().message())));
            return;
        }
        scope.reading = *std::move(place);
        // Some hold nothing else of the request while they work.
        respond = [respond = std::move(respond),
                   place = scope.reading](net::HttpResponse response) {
            respond(std::move(response));
        };
    }
    const auto place = scope.reading;
    const Timestamp asked = clock_.now();
    const Duration timeout = rules(scope)->limits.query_timeout;
    io::Task task = [this,
                     &route,
                     asked,
                     scope = std::move(scope),
                     answer = reading ? answer_in_time(request.cancel, timeout, respond) : respond,
                     request = std::make_shared<net::HttpRequest>(std::move(request))]() mutable {
        if (const auto* handler = std::get_if<ScopeHandler>(&route.handler)) {
            scope.waited = clock_.now() - asked;
            if (!read_type(route.path).empty()) {
                answer = logged(route, *request, scope, std::move(answer));
            }
            (this->**handler)(*request, scope, answer);
        } else {
            (this->*std::get<TenantHandler>(route.handler))(*request, scope.tenant, answer);
        }
    };
    if (reading) {
        place->post_long(std::move(task));
    } else {
        executor_.post(std::move(task));
    }
}

std::size_t Api::outstanding_max(const config::Config& config) {
    return least_limit(config.max_outstanding_per_tenant,
                       config.max_outstanding_requests_per_tenant);
}

// What was cancelled may have to wait until it can see that; the client does not.
net::Responder Api::answer_in_time(const io::CancelToken& cancel,
                                   Duration query_timeout,
                                   net::Responder respond) {
    if (query_timeout.ns <= 0) {
        return respond;
    }
    struct Pending {
        net::Responder respond;
        std::atomic<bool> given{false};
    };
    const auto pending = std::make_shared<Pending>();
    pending->respond = std::move(respond);
    // The timer outlives most requests, so it holds next to nothing of them.
    executor_.post_after(query_timeout, [cancel, held = std::weak_ptr<Pending>(pending)] {
        const auto late = held.lock();
        if (late != nullptr && !late->given.exchange(true)) {
            cancel.cancel(io::CancelToken::Cause::kTimeout);
            late->respond(error_response(504, kTimedOut));
        }
    });
    return [pending](net::HttpResponse response) {
        if (!pending->given.exchange(true)) {
            pending->respond(std::move(response));
        }
    };
}

void Api::push(const net::HttpRequest& request, const std::string& tenant, net::Responder respond) {
    const std::uint64_t bytes =
        kPushMemoryRatio * wire::decompressed_size_hint(request.body,
                                                        request.header("Content-Type"),
                                                        request.header("Content-Encoding"));
    admit_push(bytes,
               request,
               [this, tenant, respond = std::move(respond)](const net::HttpRequest& admitted,
                                                            const ByteBudget::Ticket& ticket) {
                   push_now(admitted, tenant, respond, ticket);
               });
}

void Api::admit_push(std::uint64_t bytes, const net::HttpRequest& request, AdmittedPush push) {
    if (const auto ticket = push_budget_.try_take(bytes)) {
        push(request, ticket);
        return;
    }
    push_budget_.take(
        bytes,
        [request = std::make_shared<net::HttpRequest>(request),
         push = std::move(push)](const ByteBudget::Ticket& ticket) { push(*request, ticket); });
}

void Api::push_now(const net::HttpRequest& request,
                   const std::string& tenant,
                   net::Responder respond,
                   const ByteBudget::Ticket& ticket) {
    const auto layout = is_legacy(request) ? wire::JsonLayout::kLegacy : wire::JsonLayout::kV1;
    auto decoded = wire::decode_push(request.body,
                                     request.header("Content-Type"),
                                     request.header("Content-Encoding"),
                                     {},
                                     layout);
    if (const auto* error = std::get_if<wire::PushError>(&decoded)) {
        respond(error_response(error->status, error->message + "\n"));
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
                    auto response = error_response(outcome.status, outcome.message + "\n");
                    if (outcome.retry_after_seconds > 0) {
                        response.headers.emplace_back("Retry-After",
                                                      std::to_string(outcome.retry_after_seconds));
                    }
                    respond(std::move(response));
                });
}

}  // namespace logi::api
