#include "net/grpc_caller.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "net/call_wire.h"
#include "net/grpc_bytes.h"
#include "net/tls_context.h"

#include <grpc/support/time.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/security/credentials.h>

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

namespace logi::net {
namespace {

constexpr Duration kLook = Duration::millis(10);  // at the tokens of calls
constexpr int kReconnectMillisMin = 100;
constexpr int kReconnectMillisMax = 2'000;
// A call is under way and nothing comes: whether the other end lives is asked, and how long an
// answer to that may take.
constexpr int kSilentMillis = 10'000;
constexpr int kPingMillis = 5'000;
constexpr int kClientIdleMillis = 300'000;  // then a connection without calls is closed
constexpr Duration kTimeoutMax = Duration::hours(1);

struct KeptConnection {
    explicit KeptConnection(std::shared_ptr<grpc::Channel> channel) : stub(std::move(channel)) {}
    grpc::GenericStub stub;
    std::shared_ptr<const ServerIdentity> identity;  // that it was made with
    std::uint64_t last_use = 0;
};

struct Pending {
    std::uint64_t id = 0;
    CallMethod method;
    io::CancelToken cancel;
    Answered done;
    std::shared_ptr<KeptConnection> connection;
    grpc::ClientContext context;
    grpc::ByteBuffer message;
    grpc::ByteBuffer answer;
    gpr_timespec begin = gpr_now(GPR_CLOCK_MONOTONIC);
};

// Always a name or an address with a port, never another of the library's ways to reach somebody.
std::string target_of(const std::string& address) {
    return absl::StrCat("dns:///",
                        absl::StrReplaceAll(address, {{"[", "%5B"}, {"]", "%5D"}, {"/", "%2F"}}));
}

CallAnswer answer_of(const Pending& pending, const grpc::Status& status) {
    if (const Status cancelled = pending.cancel.check(); !cancelled.ok()) {
        return cancelled;
    }
    if (status.ok()) {
        return bytes_of(pending.answer);
    }
    if (status.error_code() == grpc::StatusCode::CANCELLED) {
        return absl::UnavailableError("the other process gave the call up");
    }
    // Both number errors alike.
    return Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

}  // namespace

struct GrpcCaller::Impl : std::enable_shared_from_this<Impl> {
    Impl(io::Executor& e, base::Registry& metrics, GrpcCallerOptions o)
        : executor(e), registry(metrics), options(std::move(o)), quota("calls") {
        quota.Resize(static_cast<std::size_t>(options.inflight_bytes_max));
    }

    [[nodiscard]] std::shared_ptr<KeptConnection> connect(const std::string& address) const {
        grpc::ChannelArguments arguments;
        arguments.SetMaxReceiveMessageSize(static_cast<int>(options.answer_bytes_max));
        arguments.SetResourceQuota(quota);
        arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kReconnectMillisMin);
        arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kReconnectMillisMax);
        arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kReconnectMillisMax);
        arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kSilentMillis);
        arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kPingMillis);
        arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
        arguments.SetInt(GRPC_ARG_CLIENT_IDLE_TIMEOUT_MS, kClientIdleMillis);
        // Else the environment could send what is internal to a proxy, and a name's owner could
        // change how calls are made.
        arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
        arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
        arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
        arguments.SetInt(GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0);
        std::shared_ptr<grpc::ChannelCredentials> credentials;
        std::shared_ptr<const ServerIdentity> identity;
        if (options.tls == nullptr) {
            credentials = grpc::InsecureChannelCredentials();
        } else {
            identity = options.tls->identity();
            credentials = grpc::SslCredentials(
                {identity->tls.client_ca, identity->tls.key, identity->tls.certificate});
            if (!options.tls_server_name.empty()) {
                arguments.SetSslTargetNameOverride(options.tls_server_name);
            }
        }
        auto connection = std::make_shared<KeptConnection>(
            grpc::CreateCustomChannel(target_of(address), credentials, arguments));
        connection->identity = std::move(identity);
        return connection;
    }

    // Those that are left go to `left`, to be closed without the lock.
    std::shared_ptr<KeptConnection> connection_to(const std::string& address,
                                                  std::shared_ptr<KeptConnection>& left) {
        const std::lock_guard<std::mutex> lock(mutex);
        std::shared_ptr<KeptConnection>& kept = connections[address];
        if (kept == nullptr ||
            (options.tls != nullptr && kept->identity != options.tls->identity())) {
            left = std::exchange(kept, connect(address));
        }
        kept->last_use = ++uses;
        std::shared_ptr<KeptConnection> connection = kept;
        if (connections.size() > options.connections_max) {
            const auto oldest = std::min_element(
                connections.begin(), connections.end(), [](const auto& a, const auto& b) {
                    return a.second->last_use < b.second->last_use;
                });
            left = std::move(oldest->second);
            connections.erase(oldest);
        }
        return connection;
    }

    void call(Call call, Answered done) {
        if (const Status status = may_begin(call); !status.ok()) {
            refuse(call.method, status, std::move(done));
            return;
        }
        auto pending = std::make_shared<Pending>();
        std::shared_ptr<KeptConnection> left;
        pending->connection = connection_to(call.address, left);
        pending->method = std::move(call.method);
        pending->cancel = std::move(call.cancel);
        pending->done = std::move(done);
        const grpc::Slice slice(call.message);
        pending->message = grpc::ByteBuffer(&slice, 1);
        const Duration timeout = std::min(call.timeout, kTimeoutMax);
        grpc::ClientContext& context = pending->context;
        // Of a clock that nobody sets.
        context.set_deadline(gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                                          gpr_time_from_nanos(timeout.ns, GPR_TIMESPAN)));
        context.AddMetadata(kTimeoutHeader,
                            absl::StrCat(std::max<std::int64_t>(timeout.ns / kNanosPerMilli, 1)));
        if (!options.secret.empty()) {
            context.AddMetadata(kSecretHeader, token_of(options.secret));
        }
        if (!enter(pending)) {
            refuse(
                pending->method,
                absl::UnavailableError("too many calls are under way, or the server is stopping"),
                std::move(pending->done));
            return;
        }
        // Not with the lock: the answer may come from within.
        pending->connection->stub.UnaryCall(
            &context,
            path_of(pending->method),
            grpc::StubOptions(),
            &pending->message,
            &pending->answer,
            [self = shared_from_this(), id = pending->id](const grpc::Status& status) {
                self->end(id, status);
            });
    }

    [[nodiscard]] Status may_begin(const Call& call) const {
        if (call.timeout.ns <= 0) {
            return absl::DeadlineExceededError("there was no time for the call");
        }
        if (call.message.size() > options.message_bytes_max) {
            return absl::ResourceExhaustedError(absl::StrCat(
                "a message of ", call.message.size(), " bytes is too large to be sent"));
        }
        return call.cancel.check();
    }

    bool enter(const std::shared_ptr<Pending>& pending) {
        const std::lock_guard<std::mutex> lock(mutex);
        if (stopping || under_way.size() >= options.calls_max) {
            return false;
        }
        pending->id = ++calls;
        under_way.emplace(pending->id, pending);
        if (!std::exchange(looking, true)) {
            look_later();
        }
        return true;
    }

    void look_later() {
        executor.post_after(kLook, [weak = weak_from_this()] {
            if (const auto self = weak.lock()) {
                self->look();
            }
        });
    }

    // At the tokens: nobody tells when one is cancelled.
    void look() {
        std::vector<std::shared_ptr<Pending>> cancelled;
        {
            const std::lock_guard<std::mutex> lock(mutex);
            looking = !under_way.empty() && !stopping;
            if (!looking) {
                return;
            }
            for (const auto& [id, pending] : under_way) {
                if (!pending->cancel.check().ok()) {
                    cancelled.push_back(pending);
                }
            }
            look_later();
        }
        for (const auto& pending : cancelled) {
            pending->context.TryCancel();
        }
    }

    // On a thread of the library, where a connection must not end: so what holds it goes to the
    // executor.
    void end(std::uint64_t id, const grpc::Status& status) {
        const std::lock_guard<std::mutex> lock(mutex);
        auto pending = std::move(under_way.extract(id).mapped());
        CallAnswer answer = answer_of(*pending, status);
        count(*pending, answer.status());
        executor.post([pending = std::move(pending), answer = std::move(answer)]() mutable {
            std::exchange(pending->done, nullptr)(std::move(answer));
        });
        if (under_way.empty()) {
            ended.notify_all();
        }
    }

    void refuse(const CallMethod& method, Status status, Answered done) {
        counter(method, status).add();
        executor.post([done = std::move(done), status = std::move(status)] { done(status); });
    }

    [[nodiscard]] base::Counter counter(const CallMethod& method, const Status& status) const {
        return registry.counter("logi_calls_sent_total",
                                "Calls to other processes, by what came of them.",
                                {{"method", method.name}, {"result", result_of(status)}});
    }

    void count(const Pending& pending, const Status& status) const {
        counter(pending.method, status).add();
        const gpr_timespec took = gpr_time_sub(gpr_now(GPR_CLOCK_MONOTONIC), pending.begin);
        registry
            .histogram("logi_call_duration_seconds",
                       "From a call to another process to its answer.",
                       {0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60},
                       {{"method", pending.method.name}})
            .observe(gpr_timespec_to_micros(took) / 1e6);
    }

    void shutdown() {
        std::vector<std::shared_ptr<Pending>> left;
        {
            const std::lock_guard<std::mutex> lock(mutex);
            stopping = true;
            for (const auto& [id, pending] : under_way) {
                left.push_back(pending);
            }
        }
        for (const auto& pending : left) {
            pending->context.TryCancel();
        }
        std::unique_lock<std::mutex> lock(mutex);
        ended.wait(lock, [this] { return under_way.empty(); });
        connections.clear();
    }

    io::Executor& executor;
    base::Registry& registry;
    const GrpcCallerOptions options;
    grpc::ResourceQuota quota;
    std::mutex mutex;
    std::condition_variable ended;
    std::map<std::string, std::shared_ptr<KeptConnection>> connections;  // guarded by mutex
    std::map<std::uint64_t, std::shared_ptr<Pending>> under_way;         // guarded by mutex
    std::uint64_t calls = 0;                                             // guarded by mutex
    std::uint64_t uses = 0;                                              // guarded by mutex
    bool looking = false;                                                // guarded by mutex
    bool stopping = false;                                               // guarded by mutex
};

GrpcCaller::GrpcCaller(io::Executor& executor, base::Registry& metrics, GrpcCallerOptions options)
    : impl_(std::make_shared<Impl>(executor, metrics, std::move(options))) {}

GrpcCaller::~GrpcCaller() {
    shutdown();
}

void GrpcCaller::call(Call call, Answered done) {
    impl_->call(std::move(call), std::move(done));
}

void GrpcCaller::shutdown() {
    impl_->shutdown();
}

}  // namespace logi::net
