#include "base/mutex.h"
#include "net/grpc_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <future>
#include <thread>

namespace logi::net {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

constexpr const char* kMethod = "/a.B/C";

// What a client got.
struct Reply {
    grpc::Status status;
    std::string body;
};

class GrpcServerTest : public ::testing::Test {
  protected:
    void SetUp() override {
        GrpcOptions options;
        options.message_bytes_max = 1000;
        options.inflight_bytes_max = 256U << 10U;
        options.calls_max = 4;
        options.message_timeout = Duration::millis(300);
        start(options, [](const HttpRequest& request, const GrpcResponder& respond) {
            respond({GrpcCode::kOk,
                     request.method + " " + request.path + " " +
                         std::string(request.header("X-Scope-OrgID")) + " " +
                         std::string(request.header("Content-Encoding")) + " " + request.body});
        });
    }

    void start(const GrpcOptions& options, GrpcHandler handler) {
        auto server = GrpcServer::start(options, std::move(handler));
        ASSERT_TRUE(server.ok()) << server.status();
        server_ = *std::move(server);
        stub_ = std::make_unique<grpc::GenericStub>(
            grpc::CreateChannel(server_->address(), grpc::InsecureChannelCredentials()));
    }

    [[nodiscard]] std::future<Reply> begin(grpc::ClientContext& context,
                                           const std::string& method,
                                           const std::string& body) const {
        struct Pending {
            grpc::ByteBuffer request;
            grpc::ByteBuffer response;
            std::promise<Reply> reply;
        };
        auto pending = std::make_shared<Pending>();
        const grpc::Slice slice(body);
        pending->request = grpc::ByteBuffer(&slice, 1);
        context.set_wait_for_ready(true);
        stub_->UnaryCall(&context,
                         method,
                         grpc::StubOptions(),
                         &pending->request,
                         &pending->response,
                         [pending](grpc::Status status) {
                             Reply reply{std::move(status), ""};
                             std::vector<grpc::Slice> slices;
                             if (pending->response.Dump(&slices).ok()) {
                                 for (const auto& s : slices) {
                                     reply.body.append(s.begin(), s.end());
                                 }
                             }
                             pending->reply.set_value(std::move(reply));
                         });
        return pending->reply.get_future();
    }

    [[nodiscard]] Reply call(const std::string& body,
                             bool gzip = false,
                             const std::string& method = kMethod) const {
        grpc::ClientContext context;
        context.AddMetadata("x-scope-orgid", "team");
        if (gzip) {
            context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
        }
        return begin(context, method, body).get();
    }

    std::unique_ptr<GrpcServer> server_;
    // Here, as a channel must not end on a thread of the library.
    std::unique_ptr<grpc::GenericStub> stub_;
};

TEST_F(GrpcServerTest, HandsOnMethodMetadataAndMessage) {
    const Reply reply = call("body");
    EXPECT_TRUE(reply.status.ok()) << reply.status.error_message();
    EXPECT_EQ(reply.body, "POST /a.B/C team  body");
    EXPECT_EQ(call("").body, "POST /a.B/C team  ");
}

// Else a small message could become any amount of memory before its size is looked at.
TEST_F(GrpcServerTest, CompressedMessagesStayCompressed) {
    const Reply reply = call(std::string(100'000, 'x'), true);
    EXPECT_TRUE(reply.status.ok()) << reply.status.error_message();
    EXPECT_THAT(reply.body, HasSubstr("POST /a.B/C team gzip \x1F\x8B"));
    EXPECT_LT(reply.body.size(), 1000);
}

TEST_F(GrpcServerTest, MessagesAreBounded) {
    EXPECT_TRUE(call(std::string(1000, 'x')).status.ok());
    EXPECT_EQ(call(std::string(1001, 'x')).status.error_code(),
              grpc::StatusCode::RESOURCE_EXHAUSTED);
    EXPECT_TRUE(call("again").status.ok());
}

TEST_F(GrpcServerTest, HealthIsAnsweredByTheLibrary) {
    const Reply reply = call("", false, "/grpc.health.v1.Health/Check");
    EXPECT_TRUE(reply.status.ok()) << reply.status.error_message();
    EXPECT_EQ(reply.body, "\x08\x01");  // SERVING
}

TEST_F(GrpcServerTest, ATakenPortIsAnError) {
    GrpcOptions options;
    options.port = server_->port();
    const auto second = GrpcServer::start(options, [](const auto&, const auto&) {});
    EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
    EXPECT_THAT(std::string(second.status().message()), HasSubstr(server_->address()));
}

TEST_F(GrpcServerTest, AMessageThatDoesNotComeEndsItsCall) {
    grpc::ClientContext context;
    struct Reactor : grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
        void OnDone(const grpc::Status& status) override { done.set_value(status); }
        std::promise<grpc::Status> done;
    } reactor;
    stub_->PrepareBidiStreamingCall(&context, kMethod, grpc::StubOptions(), &reactor);
    reactor.StartCall();
    auto done = reactor.done.get_future();
    ASSERT_EQ(done.wait_for(std::chrono::seconds(10)), std::future_status::ready);
    EXPECT_EQ(done.get().error_code(), grpc::StatusCode::CANCELLED);
    EXPECT_TRUE(call("another").status.ok());
}

TEST_F(GrpcServerTest, RubbishDoesNoHarm) {
    for (const std::string& bytes :
         {std::string("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
          std::string("\x16\x03\x01\x02\x00\x01\x00"),
          "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + std::string(300, '\xFF')}) {
        const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(server_->port());
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        ASSERT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
        ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        EXPECT_TRUE(call("x").status.ok());
        ::close(fd);
    }
}

// A server whose requests are answered when the test says so.
class SlowServerTest : public GrpcServerTest {
  protected:
    void SetUp() override {
        GrpcOptions options;
        options.calls_max = 2;
        start(options, [this](const HttpRequest& request, GrpcResponder respond) {
            const base::MutexLock lock(mutex_);
            waiting_.push_back({request.cancel, std::move(respond)});
        });
    }
    void TearDown() override {
        answer_all();
        server_.reset();
    }

    void answer_all(const GrpcAnswer& answer = {GrpcCode::kOk, "late"}) {
        std::vector<Waiting> waiting;
        {
            const base::MutexLock lock(mutex_);
            waiting.swap(waiting_);
        }
        for (const auto& w : waiting) {
            w.respond(answer);
        }
    }
    void wait_for_calls(std::size_t n) {
        for (int i = 0; i < 1000; ++i) {
            {
                const base::MutexLock lock(mutex_);
                if (waiting_.size() >= n) {
                    return;
                }
            }
            std::this_thread::sleep_for(milliseconds(5));
        }
        FAIL() << "the calls did not arrive";
    }

    struct Waiting {
        io::CancelToken cancel;
        GrpcResponder respond;
    };
    base::Mutex mutex_;
    std::vector<Waiting> waiting_;
};

TEST_F(SlowServerTest, TooManyCallsAreToldToTryAgain) {
    grpc::ClientContext first;
    grpc::ClientContext second;
    auto one = begin(first, kMethod, "1");
    auto two = begin(second, kMethod, "2");
    wait_for_calls(2);
    const Reply refused = call("3");
    EXPECT_EQ(refused.status.error_code(), grpc::StatusCode::UNAVAILABLE);
    EXPECT_THAT(refused.status.error_details(), HasSubstr("google.rpc.RetryInfo"));
    answer_all();
    EXPECT_EQ(one.get().body, "late");
    EXPECT_EQ(two.get().body, "late");
}

TEST_F(SlowServerTest, AClientThatGoesAwayCancelsItsRequest) {
    grpc::ClientContext context;
    auto reply = begin(context, kMethod, "1");
    wait_for_calls(1);
    context.TryCancel();
    EXPECT_EQ(reply.get().status.error_code(), grpc::StatusCode::CANCELLED);
    Status status;
    for (int i = 0; i < 1000 && status.ok(); ++i) {
        std::this_thread::sleep_for(milliseconds(5));
        const base::MutexLock lock(mutex_);
        status = waiting_.front().cancel.check();
    }
    EXPECT_EQ(status.code(), absl::StatusCode::kCancelled);
    answer_all();  // to nobody
}

TEST_F(SlowServerTest, ErrorsHaveTextsThatATrailerCanHave) {
    grpc::ClientContext context;
    auto reply = begin(context, kMethod, "1");
    wait_for_calls(1);
    answer_all({GrpcCode::kInvalidArgument, "bad \xFF " + std::string(100'000, 'x')});
    const Reply got = reply.get();
    EXPECT_EQ(got.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_THAT(got.status.error_message(), HasSubstr("bad ? xxx"));
    EXPECT_LT(got.status.error_message().size(), 2000);
}

TEST_F(SlowServerTest, ShutdownWaitsForCallsUnderWay) {
    grpc::ClientContext context;
    auto reply = begin(context, kMethod, "1");
    wait_for_calls(1);
    std::thread stop([this] { server_->shutdown(Duration::seconds(10)); });
    std::this_thread::sleep_for(milliseconds(100));
    answer_all();
    EXPECT_EQ(reply.get().body, "late");
    stop.join();
}

TEST(GrpcStatus, IsAProtobuf) {
    EXPECT_EQ(rpc_status(GrpcCode::kInvalidArgument, "no", std::nullopt),
              std::string("\x08\x03\x12\x02no"));
    const std::string retry = rpc_status(GrpcCode::kUnavailable, "", Duration::millis(1500));
    EXPECT_THAT(retry, HasSubstr("type.googleapis.com/google.rpc.RetryInfo"));
    // RetryInfo { retry_delay { seconds: 1 nanos: 500000000 } }
    EXPECT_THAT(retry, HasSubstr(std::string("\x0A\x08\x08\x01\x10\x80\xCA\xB5\xEE\x01", 10)));
}

}  // namespace
}  // namespace logi::net
