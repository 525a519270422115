#include "net/call_server.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "net/call_wire.h"
#include "net/grpc_server.h"

#include <openssl/crypto.h>

#include <utility>

namespace logi::net {
namespace {

// Callers that hear nothing ask so often whether the connection lives.
constexpr Duration kPingsApart = Duration::seconds(5);
// For calls that do not say how long they wait.
constexpr Duration kTimeoutDefault = Duration::seconds(30);

bool asks_who_calls(const CallServerOptions& options) {
    return !options.secret.empty() ||
           (options.tls != nullptr &&
            options.tls->tls().clients == ServerTls::Clients::kCertificate);
}

Duration timeout_of(const HttpRequest& request) {
    std::int64_t millis = 0;
    const bool told = absl::SimpleAtoi(std::string(request.header(kTimeoutHeader)), &millis);
    return told && millis > 0 && millis < Duration::hours(24).ns / kNanosPerMilli
               ? Duration::millis(millis)
               : kTimeoutDefault;
}

GrpcAnswer to_grpc(CallAnswer answer) {
    if (answer.ok()) {
        return {GrpcCode::kOk, *std::move(answer)};
    }
    // Both number errors alike.
    return {static_cast<GrpcCode>(answer.status().code()),
            std::string(message_of(answer.status()))};
}

}  // namespace

struct CallServer::Impl {
    Impl(const CallServerOptions& options,
         const CallTable& t,
         io::Executor& e,
         base::Registry& metrics)
        : table(t),
          executor(e),
          registry(metrics),
          token(options.secret.empty() ? "" : token_of(options.secret)) {}

    [[nodiscard]] bool may_call(const HttpRequest& request) const {
        const std::string_view given = request.header(kSecretHeader);
        return token.empty() || (given.size() == token.size() &&
                                 CRYPTO_memcmp(given.data(), token.data(), token.size()) == 0);
    }

    void take(HttpRequest request, const GrpcResponder& respond) {
        if (!may_call(request)) {
            answer("refused",
                   absl::UnauthenticatedError("the secret of this cluster was not given"),
                   respond);
            return;
        }
        auto method = method_of(request.path);
        if (!method.has_value()) {
            answer("unknown", absl::UnimplementedError("this is no method of a cluster"), respond);
            return;
        }
        const std::string name = table.has(method->name) ? method->name : "unknown";
        executor.post([this,
                       name,
                       respond,
                       call = IncomingCall{*std::move(method),
                                           std::move(request.body),
                                           timeout_of(request),
                                           request.cancel}] {
            table.handle(
                call, [this, name, respond](CallAnswer a) { answer(name, std::move(a), respond); });
        });
    }

    void answer(const std::string& name, CallAnswer a, const GrpcResponder& respond) const {
        registry
            .counter("logi_calls_received_total",
                     "Calls of other processes, by what was answered.",
                     {{"method", name}, {"result", result_of(a.status())}})
            .add();
        respond(to_grpc(std::move(a)));
    }

    const CallTable& table;
    io::Executor& executor;
    base::Registry& registry;
    const std::string token;  // empty: none is asked for
    std::unique_ptr<GrpcServer> server;
};

CallServer::CallServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

CallServer::~CallServer() {
    shutdown(Duration{});
}

StatusOr<std::unique_ptr<CallServer>> CallServer::start(const CallServerOptions& options,
                                                        const CallTable& table,
                                                        io::Executor& executor,
                                                        base::Registry& metrics) {
    GrpcOptions grpc;
    grpc.address = options.address;
    grpc.port = options.port;
    grpc.message_bytes_max = options.message_bytes_max;
    grpc.inflight_bytes_max = options.inflight_bytes_max;
    grpc.calls_max = options.calls_max;
    grpc.calls_per_connection_max = options.calls_max;
    grpc.pings_apart = kPingsApart;
    grpc.tls = options.tls;
    if (!is_loopback(options.address) && !asks_who_calls(options)) {
        return absl::FailedPreconditionError(
            absl::StrCat("other machines reach '",
                         options.address,
                         "', and anybody there could call: a secret, or certificates of those who "
                         "call, must be demanded"));
    }
    auto impl = std::make_unique<Impl>(options, table, executor, metrics);
    LOGI_ASSIGN_OR_RETURN(
        impl->server,
        GrpcServer::start(grpc,
                          [impl = impl.get()](HttpRequest request, const GrpcResponder& respond) {
                              impl->take(std::move(request), respond);
                          }));
    return std::unique_ptr<CallServer>(new CallServer(std::move(impl)));
}

std::uint16_t CallServer::port() const {
    return impl_->server->port();
}

const std::string& CallServer::address() const {
    return impl_->server->address();
}

void CallServer::shutdown(Duration deadline) {
    impl_->server->shutdown(deadline);
}

}  // namespace logi::net
