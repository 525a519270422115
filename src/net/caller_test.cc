// Calls between processes, over gRPC and over the simulated network.
#include "net/caller.h"

#include "io/random.h"
#include "io/sim_executor.h"
#include "net/call_server.h"
#include "net/grpc_caller.h"
#include "net/sim_network.h"
#include "net/test_identity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <future>
#include <mutex>
#include <thread>

namespace logi::net {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kSecret = "quite a secr\xC3\xA9t\n";

Call call_of(const std::string& address, const std::string& method, std::uint32_t version = 1) {
    Call call;
    call.address = address;
    call.method = {method, version};
    call.message = "hello";
    return call;
}

class CallsTest : public ::testing::Test {
  protected:
    CallsTest() {
        table_.add({"echo", 1}, [this](const IncomingCall& call, const Answered& respond) {
            timeout_ = call.timeout;
            respond("1:" + call.message);
        });
        table_.add({"echo", 3}, [](const IncomingCall& call, const Answered& respond) {
            respond("3:" + call.message);
        });
        table_.add({"large", 1}, [](const IncomingCall&, const Answered& respond) {
            respond(std::string(200'000, 'x'));
        });
        table_.add({"refuse", 1}, [](const IncomingCall&, const Answered& respond) {
            respond(absl::DataLossError("block 7 of segment 9 is damaged"));
        });
        // Ends when it is cancelled.
        table_.add({"wait", 1}, [this](const IncomingCall& call, const Answered& respond) {
            ++waiting_;
            wait(call, respond);
        });
    }

    void wait(const IncomingCall& call, const Answered& respond) {
        if (const Status cancelled = call.cancel.check(); !cancelled.ok()) {
            --waiting_;
            respond(cancelled);
            return;
        }
        pool_.post_after(Duration::millis(5), [this, call, respond] { wait(call, respond); });
    }

    void serve(CallServerOptions options) {
        server_.reset();
        auto server = CallServer::start(options, table_, pool_, metrics_);
        ASSERT_TRUE(server.ok()) << server.status();
        server_ = *std::move(server);
    }

    static CallAnswer ask(Caller& caller, Call call) {
        auto answer = std::make_shared<std::promise<CallAnswer>>();
        auto future = answer->get_future();
        caller.call(std::move(call), [answer](CallAnswer a) { answer->set_value(std::move(a)); });
        return future.get();
    }

    CallAnswer ask(Caller& caller, const std::string& method, std::uint32_t version = 1) {
        return ask(caller, call_of(server_->address(), method, version));
    }

    static void until(const std::function<bool()>& holds) {
        while (!holds()) {
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
        }
    }

    io::ThreadPool pool_{2};
    base::Registry metrics_;
    CallTable table_;
    std::atomic<Duration> timeout_{};
    std::atomic<int> waiting_{0};
    std::unique_ptr<CallServer> server_;
};

TEST_F(CallsTest, AMessageGoesThereAndAnAnswerComesBack) {
    serve({});
    GrpcCaller caller(pool_, metrics_, {});
    const CallAnswer answer = ask(caller, "echo");
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(*answer, "1:hello");
    EXPECT_GT(timeout_.load(), Duration::seconds(10));
    EXPECT_LE(timeout_.load(), Duration::seconds(30));
    EXPECT_EQ(ask(caller, "large")->size(), 200'000);
    EXPECT_THAT(metrics_.render(),
                HasSubstr("logi_calls_sent_total{method=\"echo\",result=\"ok\"} 1"));
    EXPECT_THAT(metrics_.render(),
                HasSubstr("logi_calls_received_total{method=\"echo\",result=\"ok\"} 1"));
}

TEST_F(CallsTest, BytesThatLookCompressedStayAsTheyAre) {
    serve({});
    GrpcCaller caller(pool_, metrics_, {});
    Call call = call_of(server_->address(), "echo");
    call.message = std::string("\x1F\x8B\0\xFF", 4);
    EXPECT_EQ(*ask(caller, call), "1:" + call.message);
}

TEST_F(CallsTest, OnlyKnownMethodsAndVersionsAreAnswered) {
    serve({});
    GrpcCaller caller(pool_, metrics_, {});
    EXPECT_EQ(*ask(caller, "echo", 3), "3:hello");
    const Status version = ask(caller, "echo", 2).status();
    EXPECT_EQ(version.code(), absl::StatusCode::kUnimplemented);
    EXPECT_THAT(std::string(version.message()), HasSubstr("but 1, 3"));
    const Status method = ask(caller, "fold").status();
    EXPECT_EQ(method.code(), absl::StatusCode::kUnimplemented);
    EXPECT_EQ(ask(caller, "").status().code(), absl::StatusCode::kUnimplemented);
    // Names from outside make no series.
    EXPECT_THAT(metrics_.render(), Not(HasSubstr("logi_calls_received_total{method=\"fold\"")));
}

TEST_F(CallsTest, WhatAHandlerRefusesComesBackWithItsCode) {
    serve({});
    GrpcCaller caller(pool_, metrics_, {});
    EXPECT_EQ(ask(caller, "refuse").status(),
              absl::DataLossError("block 7 of segment 9 is damaged"));
}

TEST_F(CallsTest, MessagesAndAnswersAreBounded) {
    CallServerOptions options;
    options.message_bytes_max = 1000;
    serve(options);
    GrpcCaller caller(pool_, metrics_, {});
    Call call = call_of(server_->address(), "echo");
    call.message = std::string(1001, 'x');
    EXPECT_EQ(ask(caller, call).status().code(), absl::StatusCode::kResourceExhausted);
    GrpcCallerOptions small;
    small.message_bytes_max = 4;
    small.answer_bytes_max = 100'000;
    GrpcCaller careful(pool_, metrics_, small);
    EXPECT_EQ(ask(careful, "echo").status().code(), absl::StatusCode::kResourceExhausted);
    call = call_of(server_->address(), "large");
    call.message = "";
    EXPECT_EQ(ask(careful, call).status().code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(CallsTest, CallsUnderWayAreBounded) {
    serve({});
    GrpcCallerOptions options;
    options.calls_max = 1;
    GrpcCaller caller(pool_, metrics_, options);
    Call first = call_of(server_->address(), "wait");
    std::promise<CallAnswer> ended;
    caller.call(first, [&](CallAnswer answer) { ended.set_value(std::move(answer)); });
    until([&] { return waiting_ == 1; });
    EXPECT_EQ(ask(caller, "echo").status().code(), absl::StatusCode::kUnavailable);
    first.cancel.cancel();
    EXPECT_EQ(ended.get_future().get().status().code(), absl::StatusCode::kCancelled);
    EXPECT_TRUE(ask(caller, "echo").ok());
}

TEST_F(CallsTest, CancellingEndsTheWorkOfTheOtherSide) {
    serve({});
    GrpcCaller caller(pool_, metrics_, {});
    const Call call = call_of(server_->address(), "wait");
    std::promise<CallAnswer> ended;
    caller.call(call, [&](CallAnswer answer) { ended.set_value(std::move(answer)); });
    until([&] { return waiting_ == 1; });
    call.cancel.cancel(io::CancelToken::Cause::kStopping);
    EXPECT_EQ(ended.get_future().get().status().code(), absl::StatusCode::kUnavailable);
    until([&] { return waiting_ == 0; });
}

TEST_F(CallsTest, TheDeadlineEndsTheWorkOfTheOtherSide) {
    serve({});
    GrpcCaller caller(pool_, metrics_, {});
    Call call = call_of(server_->address(), "wait");
    call.timeout = Duration::millis(200);
    EXPECT_EQ(ask(caller, call).status().code(), absl::StatusCode::kDeadlineExceeded);
    until([&] { return waiting_ == 0; });
    call.timeout = Duration{};
    EXPECT_EQ(ask(caller, call).status().code(), absl::StatusCode::kDeadlineExceeded);
}

TEST_F(CallsTest, AProcessThatComesBackIsReachedAgain) {
    serve({});
    GrpcCaller caller(pool_, metrics_, {});
    const std::string address = server_->address();
    ASSERT_TRUE(ask(caller, call_of(address, "echo")).ok());
    CallServerOptions options;
    options.port = server_->port();
    server_.reset();
    EXPECT_EQ(ask(caller, call_of(address, "echo")).status().code(),
              absl::StatusCode::kUnavailable);
    serve(options);
    until([&] { return ask(caller, call_of(address, "echo")).ok(); });
}

TEST_F(CallsTest, WhoStopsIsUnavailableAndItsCallsEnd) {
    serve({});
    GrpcCaller caller(pool_, metrics_, {});
    std::promise<CallAnswer> ended;
    caller.call(call_of(server_->address(), "wait"),
                [&](CallAnswer answer) { ended.set_value(std::move(answer)); });
    until([&] { return waiting_ == 1; });
    server_->shutdown(Duration::millis(50));
    EXPECT_EQ(ended.get_future().get().status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(CallsTest, ACallerThatStopsEndsItsCalls) {
    serve({});
    GrpcCaller caller(pool_, metrics_, {});
    std::promise<CallAnswer> ended;
    caller.call(call_of(server_->address(), "wait"),
                [&](CallAnswer answer) { ended.set_value(std::move(answer)); });
    until([&] { return waiting_ == 1; });
    caller.shutdown();
    EXPECT_FALSE(ended.get_future().get().ok());
    EXPECT_EQ(ask(caller, "echo").status().code(), absl::StatusCode::kUnavailable);
    until([&] { return waiting_ == 0; });
}

// A socket that takes connections, and never says anything.
TEST_F(CallsTest, WhoIsSilentIsGivenUpAtTheDeadline) {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
    ASSERT_EQ(::listen(fd, 4), 0);
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
    GrpcCaller caller(pool_, metrics_, {});
    Call call = call_of("127.0.0.1:" + std::to_string(ntohs(address.sin_port)), "echo");
    call.timeout = Duration::millis(200);
    EXPECT_EQ(ask(caller, call).status().code(), absl::StatusCode::kDeadlineExceeded);
    ::close(fd);
}

TEST_F(CallsTest, AddressesAreNothingElse) {
    GrpcCaller caller(pool_, metrics_, {});
    for (const char* address : {"unix:/tmp/x", "", "nobody", "127.0.0.1:1/x", "xds:///a"}) {
        Call call = call_of(address, "echo");
        call.timeout = Duration::seconds(5);
        EXPECT_FALSE(ask(caller, call).ok()) << address;
    }
}

TEST_F(CallsTest, WithoutTheSecretNobodyCalls) {
    CallServerOptions options;
    options.secret = kSecret;
    serve(options);
    for (const char* secret : {"", "quite a secreT", "quite a secret ", "another"}) {
        GrpcCallerOptions with;
        with.secret = secret;
        GrpcCaller caller(pool_, metrics_, with);
        const Status status = ask(caller, "echo").status();
        EXPECT_EQ(status.code(), absl::StatusCode::kUnauthenticated) << secret;
        EXPECT_THAT(std::string(status.message()), Not(HasSubstr(kSecret)));
    }
    GrpcCallerOptions with;
    with.secret = kSecret;
    GrpcCaller caller(pool_, metrics_, with);
    EXPECT_TRUE(ask(caller, "echo").ok());
}

TEST_F(CallsTest, OtherMachinesMustShowSomething) {
    CallServerOptions options;
    for (const char* address : {"", "0.0.0.0", "::"}) {
        options.address = address;
        const auto server = CallServer::start(options, table_, pool_, metrics_);
        EXPECT_EQ(server.status().code(), absl::StatusCode::kFailedPrecondition) << address;
    }
    options.address = "0.0.0.0";
    options.secret = kSecret;
    serve(options);
    GrpcCallerOptions with;
    with.secret = kSecret;
    GrpcCaller caller(pool_, metrics_, with);
    EXPECT_TRUE(ask(caller, call_of("127.0.0.1:" + std::to_string(server_->port()), "echo")).ok());
}

ServerTls tls_of(const Identity& who, const Identity& authority) {
    ServerTls tls;
    tls.certificate = who.certificate();
    tls.key = who.key();
    tls.client_ca = authority.certificate();
    tls.clients = ServerTls::Clients::kCertificate;
    return tls;
}

TEST_F(CallsTest, BothSidesShowCertificates) {
    const Identity authority("cluster", "", nullptr);
    const Identity member("logi", "DNS:logi.internal", &authority);
    const Identity strangers("strangers", "", nullptr);
    const Identity stranger("logi", "DNS:logi.internal", &strangers);
    CallServerOptions options;
    options.tls = *TlsServer::make(tls_of(member, authority));
    serve(options);

    GrpcCallerOptions as_member;
    as_member.tls = *TlsServer::make(tls_of(member, authority));
    as_member.tls_server_name = "logi.internal";
    GrpcCaller caller(pool_, metrics_, as_member);
    const CallAnswer answer = ask(caller, "echo");
    EXPECT_TRUE(answer.ok()) << answer.status();

    // It knows the server, and cannot show who it is itself.
    GrpcCallerOptions as_stranger = as_member;
    as_stranger.tls = *TlsServer::make(tls_of(stranger, authority));
    GrpcCaller wrong(pool_, metrics_, as_stranger);
    EXPECT_EQ(ask(wrong, "echo").status().code(), absl::StatusCode::kUnavailable);
    // The server cannot show that it is one of ours.
    GrpcCallerOptions doubting = as_member;
    doubting.tls = *TlsServer::make(tls_of(member, strangers));
    GrpcCaller careful(pool_, metrics_, doubting);
    EXPECT_EQ(ask(careful, "echo").status().code(), absl::StatusCode::kUnavailable);
    GrpcCallerOptions other_name = as_member;
    other_name.tls_server_name = "someone.else";
    GrpcCaller elsewhere(pool_, metrics_, other_name);
    EXPECT_EQ(ask(elsewhere, "echo").status().code(), absl::StatusCode::kUnavailable);
    GrpcCaller plain(pool_, metrics_, {});
    EXPECT_EQ(ask(plain, "echo").status().code(), absl::StatusCode::kUnavailable);

    // What is replaced is used.
    const Identity next("logi", "DNS:logi.internal", &strangers);
    ASSERT_TRUE(options.tls->replace(tls_of(next, strangers)).ok());
    ASSERT_TRUE(as_member.tls->replace(tls_of(next, strangers)).ok());
    EXPECT_TRUE(ask(caller, "echo").ok());
}

// Of a simulated network.
struct Simulated {
    explicit Simulated(std::uint64_t seed, const NetworkFaults& faults)
        : executor(seed, clock), random(seed), network(executor, random, faults) {
        table.add({"echo", 1}, [this](const IncomingCall& call, const Answered& respond) {
            order += call.message;
            respond(call.message);
        });
        table.add({"never", 1}, [this](const IncomingCall& call, const Answered& /*respond*/) {
            there = call.cancel;
        });
        network.listen("there", table);
        caller = network.caller("here");
    }

    // Empty: none has come.
    std::string result(Call call) {
        std::string text;
        int answers = 0;
        caller->call(std::move(call), [&](const CallAnswer& answer) {
            ++answers;
            answered = clock.now();
            text = answer.ok() ? *answer : std::string(answer.status().message());
        });
        EXPECT_EQ(answers, 0);  // never from within
        while (executor.run_one()) {
        }
        EXPECT_EQ(answers, 1);
        return text;
    }

    io::SimClock clock;
    Timestamp answered;
    io::SimExecutor executor;
    io::SeededRandom random;
    SimNetwork network;
    CallTable table;
    std::unique_ptr<Caller> caller;
    std::string order;
    io::CancelToken there;
};

TEST(SimNetwork, ASeedDecidesWhatIsLostTwiceAndOutOfOrder) {
    SimNetwork::Counts sum;
    int reordered = 0;
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        std::string first;
        for (int replay = 0; replay < 2; ++replay) {
            Simulated sim(seed, {100, 100, 100, 500, Duration::millis(50)});
            std::string heard;
            int answers = 0;
            for (char c = 'a'; c < 'k'; ++c) {
                Call call = call_of("there", "echo");
                call.message = std::string(1, c);
                sim.caller->call(std::move(call), [&](const CallAnswer& answer) {
                    ++answers;
                    heard += answer.ok() ? *answer : "-";
                });
            }
            while (sim.executor.run_one()) {
            }
            EXPECT_EQ(answers, 10);
            const std::string run = sim.order + "|" + heard;
            EXPECT_EQ(replay == 0 ? run : first, run);
            first = run;
            reordered += std::is_sorted(sim.order.begin(), sim.order.end()) ? 0 : 1;
            sum.lost += sim.network.counts().lost;
            sum.twice += sim.network.counts().twice;
        }
    }
    EXPECT_GT(sum.lost, 50);
    EXPECT_GT(sum.twice, 50);
    EXPECT_GT(reordered, 50);
}

TEST(SimNetwork, SilenceEndsAtTheTimeout) {
    Simulated sim(1, {});
    sim.network.set_cut("here", "there", true);
    EXPECT_EQ(sim.result(call_of("there", "echo")), "no answer has come in time");
    EXPECT_EQ(sim.answered, Timestamp{} + Duration::seconds(30));
    sim.network.set_cut("there", "here", false);
    EXPECT_EQ(sim.result(call_of("there", "echo")), "hello");
    sim.network.set_hanging("there", true);
    EXPECT_EQ(sim.result(call_of("there", "echo")), "no answer has come in time");
    sim.network.set_hanging("there", false);
    EXPECT_EQ(sim.result(call_of("there", "never")), "no answer has come in time");
    EXPECT_EQ(sim.there.check().code(), absl::StatusCode::kDeadlineExceeded);
    sim.network.leave("there");
    EXPECT_EQ(sim.result(call_of("there", "echo")), "nobody listens at there");
}

TEST(SimNetwork, CancellingIsHeardOnBothSides) {
    Simulated sim(1, {});
    const Call call = call_of("there", "never");
    sim.executor.post_after(Duration::seconds(1), [&] { call.cancel.cancel(); });
    EXPECT_EQ(sim.result(call), "the request was cancelled by the client");
    EXPECT_FALSE(sim.there.check().ok());
}

}  // namespace
}  // namespace logi::net
