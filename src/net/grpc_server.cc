#include "net/grpc_server.h"

#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/utf8.h"
#include "net/grpc_bytes.h"
#include "net/grpc_credentials.h"

#include <grpc/grpc_security_constants.h>
#include <grpc/support/log.h>
#include <grpcpp/alarm.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <atomic>
#include <chrono>
#include <utility>

namespace logi::net {
namespace {

// Clients take no more than 8 KiB of trailers, which have a message twice, percent-encoded once.
constexpr std::size_t kMessageBytesMax = 1024;
constexpr int kHandshakeMillis = 20'000;
constexpr int kServerIdleMillis = 300'000;  // then a connection without calls is closed
constexpr const char* kBusy = "too many requests are under way";
constexpr Duration kRetryAfter = Duration::seconds(1);

std::chrono::system_clock::time_point from_now(Duration d) {
    return std::chrono::system_clock::now() + std::chrono::nanoseconds(d.ns);
}

std::string to_string(grpc::string_ref s) {
    return {s.data(), s.size()};
}

// As text that a protobuf may have, and short enough for a trailer.
std::string trailer_text(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const base::Rune rune = base::decode_rune(text);
        if (out.size() + rune.length > kMessageBytesMax) {
            return out + "…";
        }
        out.append(rune.valid ? text.substr(0, rune.length) : std::string_view("?"));
        text.remove_prefix(rune.length);
    }
    return out;
}

grpc::Status to_status(const GrpcAnswer& answer) {
    if (answer.code == GrpcCode::kOk) {
        return grpc::Status::OK;
    }
    const std::string text = trailer_text(answer.text);
    const auto code = static_cast<grpc::StatusCode>(answer.code);
    return answer.retry_after.has_value()
               ? grpc::Status(code, text, rpc_status(answer.code, text, answer.retry_after))
               : grpc::Status(code, text);
}

// The library says whether a message is compressed, but not to C++. No protobuf begins so: the
// first byte would be a type that there is not.
bool is_gzip(const std::string& message) {
    return message.starts_with("\x1F\x8B");
}

// Null if the client has shown none.
std::shared_ptr<const PeerCertificate> peer_of(const grpc::ServerContextBase& context) {
    const auto auth = context.auth_context();
    const auto found = auth->FindPropertyValues(GRPC_X509_PEM_CERT_PROPERTY_NAME);
    return found.empty() ? nullptr : read_certificate(to_string(found.front()));
}

// What all calls share.
struct Shared {
    GrpcOptions options;
    GrpcHandler handler;
    std::atomic<std::uint32_t> calls{0};
    std::atomic<std::uint64_t> inflight_bytes{0};
};

// Ends a call whose message does not come. An alarm may ring when the call is over.
class Watchdog {
  public:
    Watchdog(grpc::GenericCallbackServerContext& context, Duration limit)
        : state_(std::make_shared<State>(&context)) {
        alarm_.Set(from_now(limit), [state = state_](bool rings) {
            const base::MutexLock lock(state->mutex);
            if (rings && state->context != nullptr) {
                state->context->TryCancel();
            }
        });
    }
    void stop() {
        {
            const base::MutexLock lock(state_->mutex);
            state_->context = nullptr;
        }
        alarm_.Cancel();
    }

  private:
    struct State {
        explicit State(grpc::GenericCallbackServerContext* c) : context(c) {}
        base::Mutex mutex;
        grpc::GenericCallbackServerContext* context LOGI_GUARDED_BY(mutex);
    };
    std::shared_ptr<State> state_;
    grpc::Alarm alarm_;
};

// One call, from its headers to its end; owns itself.
class Call final : public grpc::ServerGenericBidiReactor {
  public:
    Call(Shared& shared, grpc::GenericCallbackServerContext& context)
        : shared_(shared), context_(context), watchdog_(context, shared.options.message_timeout) {
        if (++shared_.calls > shared_.options.calls_max) {
            watchdog_.stop();
            finish({GrpcCode::kUnavailable, kBusy, kRetryAfter});
            return;
        }
        StartRead(&buffer_);
    }

    void OnReadDone(bool ok) override {
        watchdog_.stop();
        if (!ok) {
            finish({GrpcCode::kInvalidArgument, "the message is missing or cannot be read"});
            return;
        }
        bytes_ = buffer_.Length();
        if (shared_.inflight_bytes.fetch_add(bytes_) + bytes_ >
            shared_.options.inflight_bytes_max) {
            finish({GrpcCode::kUnavailable, kBusy, kRetryAfter});
            return;
        }
        shared_.handler(request(), [this](const GrpcAnswer& answer) { finish(answer); });
    }

    void OnCancel() override { cancel_.cancel(); }

    void OnDone() override {
        watchdog_.stop();
        shared_.inflight_bytes -= bytes_;
        --shared_.calls;
        delete this;
    }

  private:
    HttpRequest request() {
        HttpRequest request;
        request.method = "POST";
        request.path = context_.method();
        request.body = bytes_of(buffer_);
        buffer_.Clear();
        if (is_gzip(request.body)) {
            request.headers.emplace_back("Content-Encoding", "gzip");
        }
        for (const auto& [name, value] : context_.client_metadata()) {
            request.headers.emplace_back(to_string(name), to_string(value));
        }
        request.peer = peer_of(context_);
        request.cancel = cancel_;
        return request;
    }

    // Once. Afterwards this may be gone.
    void finish(const GrpcAnswer& answer) {
        if (answer.code != GrpcCode::kOk) {
            Finish(to_status(answer));
            return;
        }
        const grpc::Slice slice(answer.text);
        buffer_ = grpc::ByteBuffer(&slice, 1);
        StartWriteAndFinish(&buffer_, grpc::WriteOptions(), grpc::Status::OK);
    }

    Shared& shared_;
    grpc::GenericCallbackServerContext& context_;
    Watchdog watchdog_;
    io::CancelToken cancel_;
    grpc::ByteBuffer buffer_;  // the message, then the answer
    std::uint64_t bytes_ = 0;
};

class Service final : public grpc::CallbackGenericService {
  public:
    explicit Service(Shared& shared) : shared_(shared) {}
    grpc::ServerGenericBidiReactor* CreateReactor(
        grpc::GenericCallbackServerContext* context) override {
        return new Call(shared_, *context);
    }

  private:
    Shared& shared_;
};

// The library's own complaints, which are about clients and sockets.
void log_complaint(gpr_log_func_args* args) {
    base::log_debug("grpc", {{"error", args->message}});
}

std::string host_and_port(const GrpcOptions& options) {
    const std::string host = options.address.empty() ? "::" : options.address;
    const bool bare_v6 = host.find(':') != std::string::npos;
    return absl::StrCat(bare_v6 ? "[" : "", host, bare_v6 ? "]:" : ":", options.port);
}

}  // namespace

struct GrpcServer::Impl {
    explicit Impl(const GrpcOptions& options, GrpcHandler handler)
        : shared{options, std::move(handler)},
          service(shared),
          credentials(grpc_credentials(options.tls)) {}

    bool start() {
        const GrpcOptions& options = shared.options;
        grpc::ServerBuilder builder;
        builder.AddListeningPort(host_and_port(options), credentials, &port);
        builder.RegisterCallbackGenericService(&service);
        builder.SetMaxReceiveMessageSize(static_cast<int>(options.message_bytes_max));
        // What the library holds of messages that have not come to their end.
        builder.SetResourceQuota(grpc::ResourceQuota("logi").Resize(
            static_cast<std::size_t>(options.inflight_bytes_max)));
        // Else two servers could share a port without knowing it.
        builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
        // The library would decompress first and look at the size then.
        builder.AddChannelArgument(GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0);
        builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_DEFLATE, false);
        builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS,
                                   static_cast<int>(options.calls_per_connection_max));
        builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, kHandshakeMillis);
        builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, kServerIdleMillis);
        builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                                   static_cast<int>(options.pings_apart.ns / kNanosPerMilli));
        server = builder.BuildAndStart();
        return server != nullptr && port > 0;
    }

    Shared shared;
    Service service;
    std::shared_ptr<grpc::ServerCredentials> credentials;
    std::string address;
    int port = 0;
    std::unique_ptr<grpc::Server> server;
};

GrpcServer::GrpcServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

GrpcServer::~GrpcServer() {
    shutdown(Duration{0});
}

StatusOr<std::unique_ptr<GrpcServer>> GrpcServer::start(const GrpcOptions& options,
                                                        GrpcHandler handler) {
    gpr_set_log_function(log_complaint);
    grpc::EnableDefaultHealthCheckService(true);
    auto impl = std::make_unique<Impl>(options, std::move(handler));
    if (!impl->start()) {
        return absl::UnavailableError(
            absl::StrCat("cannot listen on ", host_and_port(options), ": is the port taken?"));
    }
    GrpcOptions bound = options;
    bound.port = static_cast<std::uint16_t>(impl->port);
    impl->address = host_and_port(bound);
    return std::unique_ptr<GrpcServer>(new GrpcServer(std::move(impl)));
}

std::uint16_t GrpcServer::port() const {
    return static_cast<std::uint16_t>(impl_->port);
}

const std::string& GrpcServer::address() const {
    return impl_->address;
}

bool GrpcServer::is_local() const {
    return is_loopback(impl_->shared.options.address);
}

bool is_loopback(const std::string& host) {
    return host == "localhost" || host == "::1" || host.starts_with("127.");
}

void GrpcServer::shutdown(Duration deadline) {
    if (impl_->server == nullptr) {
        return;
    }
    impl_->server->Shutdown(from_now(deadline));
    impl_->server.reset();
}

}  // namespace logi::net
