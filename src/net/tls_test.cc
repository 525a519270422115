// Clients and servers of this module that speak TLS with each other.
#include "net/tls.h"

#include "net/http_client.h"
#include "net/http_pool.h"
#include "net/http_server.h"
#include "net/stream.h"
#include "net/test_identity.h"
#include "net/tls_context.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <boost/asio/io_context.hpp>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <thread>

namespace logi::net {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class TlsTest : public ::testing::Test {
  protected:
    void SetUp() override {
        std::signal(SIGPIPE, SIG_IGN);
        std::string pattern = ::testing::TempDir() + "logi-tls-XXXXXX";
        folder_ = ::mkdtemp(pattern.data());
        tls_.timeout = Duration::seconds(20);
        tls_.tls.ca_file = put("ca.pem", authority_.certificate());
    }
    std::string put(const std::string& name, const std::string& text) {
        const std::string path = folder_ + "/" + name;
        std::ofstream(path) << text;
        return path;
    }
    ServerTls of(const Identity& identity) {
        ServerTls tls;
        tls.certificate = identity.certificate();
        tls.key = identity.key();
        return tls;
    }
    void serve(const ServerTls& tls) {
        auto identity = TlsServer::make(tls);
        ASSERT_TRUE(identity.ok()) << identity.status();
        identity_ = *identity;
        options_.tls = identity_;
        auto server =
            HttpServer::start(options_, [](HttpRequest request, const Responder& respond) {
                HttpResponse response;
                const std::string peer =
                    request.peer == nullptr ? "nobody" : request.peer->common_name;
                response.headers = {{"X-Peer", peer}};
                response.body =
                    request.path == "/large" ? std::string(3'000'000, 'x') : request.body;
                respond(std::move(response));
            });
        ASSERT_TRUE(server.ok()) << server.status();
        server_ = *std::move(server);
    }
    [[nodiscard]] std::string url() const {
        return "https://127.0.0.1:" + std::to_string(server_->port());
    }
    [[nodiscard]] StatusOr<HttpResponse> ask(const std::string& path,
                                             const std::string& body = "") {
        return http_send(url(), "POST", path, {}, body, tls_);
    }
    [[nodiscard]] std::string error() { return std::string(ask("/").status().message()); }

    const Identity authority_{"authority", "", nullptr};
    const Identity mine_{"server", "IP:127.0.0.1,DNS:localhost", &authority_};
    std::string folder_;
    ServerOptions options_;
    ClientOptions tls_;
    std::shared_ptr<TlsServer> identity_;
    std::unique_ptr<HttpServer> server_;
};

TEST_F(TlsTest, BodiesOfAllSizesGoThrough) {
    serve(of(mine_));
    for (const std::size_t size : {0U, 1U, 16'383U, 16'384U, 16'385U, 1'000'000U}) {
        const std::string body(size, 'y');
        const auto answer = ask("/", body);
        ASSERT_TRUE(answer.ok()) << answer.status();
        EXPECT_EQ(answer->body, body);
        EXPECT_EQ(answer->header("X-Peer"), "nobody");
    }
    EXPECT_EQ(ask("/large")->body.size(), 3'000'000U);
    const auto client = HttpClient::make(url(), tls_);
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ((*client)->send("POST", "/", {}, "again")->body, "again");
    }
}

TEST_F(TlsTest, ConnectionsSeeWhoTheServerIsThen) {
    serve(of(mine_));
    const auto connected = HttpClient::make(url(), tls_);
    ASSERT_TRUE((*connected)->send("GET", "/", {}, "").ok());
    const Identity elsewhere("elsewhere", "DNS:elsewhere", &authority_);
    ASSERT_TRUE(identity_->replace(of(elsewhere)).ok());
    EXPECT_THAT(error(), HasSubstr("IP address mismatch"));
    EXPECT_TRUE((*connected)->send("GET", "/", {}, "").ok());
    tls_.tls.server_name = "elsewhere";
    EXPECT_EQ(error(), "");
    // What cannot be used changes nothing.
    ServerTls wrong = of(mine_);
    wrong.key = elsewhere.key();
    EXPECT_THAT(std::string(identity_->replace(wrong).message()), HasSubstr("key values mismatch"));
    wrong.certificate = "rubbish";
    EXPECT_EQ(identity_->replace(wrong).message(), "certificate: there is no certificate in it");
    EXPECT_EQ(error(), "");
}

TEST_F(TlsTest, ClientsAreKnownByTheirCertificates) {
    ServerTls tls = of(mine_);
    tls.clients = ServerTls::Clients::kIfTheyLike;
    tls.client_ca = authority_.certificate();
    serve(tls);
    EXPECT_EQ(ask("/")->header("X-Peer"), "nobody");
    const Identity stranger("stranger", "", nullptr);
    const Identity known("known", "", &authority_);
    const auto be = [this](const Identity& identity) {
        tls_.tls.cert_file = put("me.pem", identity.certificate());
        tls_.tls.key_file = put("me.key", identity.key());
    };
    be(known);
    EXPECT_EQ(ask("/")->header("X-Peer"), "known");
    be(stranger);
    EXPECT_NE(error(), "");
    tls.clients = ServerTls::Clients::kCertificate;
    ASSERT_TRUE(identity_->replace(tls).ok());
    be(known);
    EXPECT_EQ(error(), "");
    tls_.tls.cert_file = tls_.tls.key_file = "";
    EXPECT_NE(error(), "");
}

TEST_F(TlsTest, SlowHandshakesAreCutOff) {
    options_.header_timeout = Duration::millis(200);
    serve(of(mine_));
    const auto plain = parse_server_url("http" + url().substr(5));
    auto silent = ClientConnection::open(*plain, {}, nullptr, Duration::seconds(20));
    auto half = ClientConnection::open(*plain, {}, nullptr, Duration::seconds(20));
    ASSERT_TRUE((*half)->write("\x16\x03\x01").ok());
    EXPECT_EQ(error(), "");
    char out[100];
    for (auto* connection : {&silent, &half}) {
        EXPECT_EQ((**connection)->read_some(absl::MakeSpan(out)).value_or(1), 0U);
    }
    auto http = ClientConnection::open(*plain, {}, nullptr, Duration::seconds(20));
    ASSERT_TRUE((*http)->write("GET / HTTP/1.1\r\n\r\n").ok());
    const auto size = (*http)->read_some(absl::MakeSpan(out));
    ASSERT_TRUE(size.ok());
    EXPECT_THAT(std::string(out, *size), HasSubstr("HTTP/1.0 400 Bad Request"));
}

TEST_F(TlsTest, StopsWhileClientsAreConnected) {
    serve(of(mine_));
    const auto idle = HttpClient::make(url(), tls_);
    ASSERT_TRUE((*idle)->send("GET", "/", {}, "").ok());
    server_.reset();
    EXPECT_FALSE((*idle)->send("GET", "/", {}, "").ok());
}

// What is under way when a connection is closed goes on for a step, and by then the number of its
// file may be another connection's.
TEST_F(TlsTest, AClosedConnectionTouchesNoFile) {
    const auto identity = TlsServer::make(of(mine_));
    ASSERT_TRUE(identity.ok()) << identity.status();
    std::array<int, 2> ours{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ours.data()), 0);
    boost::asio::io_context context;
    Stream::Socket socket(context);
    socket.assign(boost::asio::ip::tcp::v4(), ours[0]);
    Stream stream(std::move(socket),
                  TlsConnection::make((*identity)->identity()->context, ours[0]));
    stream.socket().close();
    std::array<int, 2> others{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, others.data()), 0);
    ASSERT_EQ(others[0], ours[0]);
    ASSERT_EQ(::send(others[1], "theirs", 6, 0), 6);
    std::array<char, 100> in{};
    int failed = 0;
    const auto count = [&failed](Stream::ErrorCode ec, std::size_t) {
        failed += ec ? 1 : 0;
    };
    stream.async_read_some(boost::asio::buffer(in), count);
    stream.async_write_some(boost::asio::const_buffer("ours", 4), count);
    context.run();
    EXPECT_EQ(failed, 2);
    EXPECT_EQ(::recv(others[0], in.data(), in.size(), MSG_DONTWAIT), 6);
    EXPECT_EQ(::recv(others[1], in.data(), in.size(), MSG_DONTWAIT), -1);
    for (const int fd : {ours[1], others[0], others[1]}) {
        ::close(fd);
    }
}

// Answers nothing on the first connection, and the first request on the second.
class LateServer {
  public:
    explicit LateServer(TlsContext context) : context_(std::move(context)) {
        // Whatever a client likes best: with HTTP/2 all requests would go on one connection.
        SSL_CTX_set_alpn_select_cb(
            context_.get(),
            [](SSL*,
               const unsigned char** out,
               unsigned char* size,
               const unsigned char* in,
               unsigned,
               void*) {
                *out = in + 1;
                *size = in[0];
                return SSL_TLSEXT_ERR_OK;
            },
            nullptr);
        listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof(address);
        EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
        EXPECT_EQ(::listen(listener_, 8), 0);
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
        url = "https://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/";
        thread_ = std::thread([this] { run(); });
    }
    ~LateServer() {
        ::shutdown(listener_, SHUT_RDWR);
        thread_.join();
        ::close(listener_);
    }
    LateServer(const LateServer&) = delete;
    LateServer& operator=(const LateServer&) = delete;

    std::string url;

  private:
    void run() {
        std::vector<std::pair<SSL*, int>> open;
        for (int fd = 0; open.size() < 2 && (fd = ::accept(listener_, nullptr, nullptr)) >= 0;) {
            SSL* ssl = SSL_new(context_.get());
            SSL_set_fd(ssl, fd);
            SSL_accept(ssl);
            open.emplace_back(ssl, fd);
            std::array<char, 4096> in{};
            if (open.size() == 2 && SSL_read(ssl, in.data(), in.size()) > 0) {
                const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond";
                SSL_write(ssl, answer.data(), static_cast<int>(answer.size()));
            }
        }
        for (const auto& [ssl, fd] : open) {
            SSL_free(ssl);
            ::close(fd);
        }
    }

    const TlsContext context_;
    int listener_ = -1;
    std::thread thread_;
};

TEST_F(TlsTest, WhatIsLateIsAskedForOnAnotherConnection) {
    const auto identity = TlsServer::make(of(mine_));
    ASSERT_TRUE(identity.ok()) << identity.status();
    const LateServer server((*identity)->identity()->context);
    HttpPoolOptions options;
    options.ca_file = tls_.tls.ca_file;
    HttpPool pool(options);
    PoolRequest request;
    request.url = server.url;
    request.timeout = Duration::seconds(5);
    request.hedge_after = Duration::millis(50);
    const auto answer = pool.send(request);
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->http.body, "second");
    EXPECT_TRUE(answer->hedged);
}

TEST(PeerCertificates, HaveNamesOfAllKinds) {
    const Identity authority("authority", "", nullptr);
    const Identity many(
        "me",
        "DNS:a.example,URI:spiffe://x/y,email:m@a.example,IP:10.0.0.1,IP:2001:db8::1,RID:1.2.3",
        &authority);
    const auto peer = read_certificate(many.certificate());
    ASSERT_NE(peer, nullptr);
    EXPECT_EQ(peer->common_name, "me");
    EXPECT_THAT(peer->names,
                ElementsAre("DNS:a.example",
                            "URI:spiffe://x/y",
                            "email:m@a.example",
                            "IP:10.0.0.1",
                            "IP:2001:db8::1"));
    EXPECT_EQ(read_certificate("rubbish"), nullptr);
    EXPECT_EQ(read_certificate(many.key()), nullptr);
}

}  // namespace
}  // namespace logi::net
