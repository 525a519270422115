#include "net/http.h"

#include "net/http_client.h"
#include "net/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <thread>

namespace logi::net {
namespace {

class HttpServerTest : public ::testing::Test {
  protected:
    void SetUp() override {
        ServerOptions options;
        options.body_bytes_max = 1000;
        options.inflight_body_bytes_max = 1500;
        options.connections_max = 8;
        options.header_timeout = Duration::millis(300);
        options.body_timeout = Duration::millis(300);
        auto server = HttpServer::start(options, [](HttpRequest request, const Responder& respond) {
            HttpResponse response;
            response.body =
                request.method + " " + request.path + " " + request.query + " " + request.body;
            respond(std::move(response));
        });
        ASSERT_TRUE(server.ok()) << server.status();
        server_ = *std::move(server);
    }

    // A connection on which `bytes` were sent.
    [[nodiscard]] int send(const std::string& bytes) const {
        const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(server_->port());
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
        EXPECT_EQ(::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(bytes.size()));
        return fd;
    }

    // Sends raw bytes and returns all that comes back until the server closes.
    [[nodiscard]] std::string raw(const std::string& bytes, bool half_close = false) const {
        const int fd = send(bytes);
        if (half_close) {
            ::shutdown(fd, SHUT_WR);
        }
        return receive(fd);
    }

    [[nodiscard]] static std::string receive(int fd) {
        std::string out;
        char buffer[4096];
        ssize_t n = 0;
        while ((n = ::recv(fd, buffer, sizeof(buffer), 0)) > 0) {
            out.append(buffer, static_cast<std::size_t>(n));
        }
        ::close(fd);
        return out;
    }

    std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, AnswersClients) {
    const std::string url = "http://127.0.0.1:" + std::to_string(server_->port());
    const auto response = http_send(url, "POST", "/a%20b?c=d", {}, "body");
    ASSERT_TRUE(response.ok()) << response.status();
    EXPECT_EQ(response->body, "POST /a b c=d body");
    EXPECT_EQ(http_send(url, "POST", "/", {}, std::string(1001, 'x'))->status, 413);
}

TEST_F(HttpServerTest, PipelinedAndChunkedRequestsAreAnsweredInOrder) {
    const std::string out =
        raw("GET /one HTTP/1.1\r\nHost: x\r\n\r\n"
            "POST /two HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
            "Connection: close\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
    const std::size_t one = out.find("GET /one");
    const std::size_t two = out.find("POST /two  abc");
    EXPECT_NE(one, std::string::npos) << out;
    EXPECT_NE(two, std::string::npos) << out;
    EXPECT_LT(one, two);
}

TEST_F(HttpServerTest, RubbishGets4xxAndSlowClientsAreCutOff) {
    EXPECT_NE(raw("\x16\x03\x01 rubbish\r\n\r\n").find("400"), std::string::npos);
    EXPECT_NE(raw("GET / HTTP/1.1\r\nx: " + std::string(200'000, 'y') + "\r\n\r\n").find(" 431 "),
              std::string::npos);
    EXPECT_NE(
        raw("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999999\r\n\r\n").find(" 413 "),
        std::string::npos);
    // Silence is closed without a word, half a request is answered.
    EXPECT_EQ(raw(""), "");
    EXPECT_NE(raw("GET / HTTP/1.1\r\nHos").find(" 408 "), std::string::npos);
    EXPECT_NE(raw("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc").find(" 408 "),
              std::string::npos);
    EXPECT_NE(raw("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab").find(" 408 "),
              std::string::npos);
}

TEST_F(HttpServerTest, HalfClosedConnectionsAreAnswered) {
    EXPECT_NE(raw("GET /x HTTP/1.1\r\nHost: x\r\n\r\n", true).find("GET /x"), std::string::npos);
    EXPECT_NE(raw("GET /x HTTP/1.1\r\nHo", true).find(" 400 "), std::string::npos);
    EXPECT_NE(raw("POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc", true).find(" 400 "),
              std::string::npos);
    EXPECT_EQ(raw("", true), "");
}

TEST_F(HttpServerTest, WhatIsOddInARequest) {
    const auto status = [&](const std::string& head, const std::string& body = "") {
        return raw(head + "\r\nConnection: close\r\n\r\n" + body).substr(9, 3);
    };
    EXPECT_EQ(status("FOO / HTTP/1.1"), "200");
    EXPECT_EQ(status("GET http://host:1/p?q HTTP/1.1"), "200");
    EXPECT_NE(raw("GET http://host:1/p?q HTTP/1.0\r\n\r\n").find("GET /p q"), std::string::npos);
    EXPECT_EQ(status("GET / HTTP/2.0"), "400");
    EXPECT_EQ(status("GET  HTTP/1.1"), "400");
    EXPECT_EQ(status("POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2", "ab"), "400");
    EXPECT_EQ(status("POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked", "0"),
              "400");
    EXPECT_EQ(status("POST / HTTP/1.1\r\nContent-Length: -1"), "400");
    EXPECT_EQ(status("POST / HTTP/1.1\r\nContent-Length: 99999999999999999999"), "400");
    EXPECT_EQ(status("POST / HTTP/1.1\r\nTransfer-Encoding: chunked", "ffffffffffffffff1\r\n"),
              "400");
    EXPECT_EQ(status("POST / HTTP/1.1\r\nTransfer-Encoding: chunked", "7ff\r\n"), "413");
    const std::string chunked = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked";
    EXPECT_EQ(status(chunked, "1;" + std::string(1 << 20, 'x')), "431");
    EXPECT_EQ(status(chunked, "0\r\nX: " + std::string(1 << 20, 'x')), "431");
    EXPECT_EQ(status(chunked, std::string(1 << 20, '0')), "431");
    // Within the bound of a header, beyond what the library can store of one field.
    const std::string field(70'000, 'f');
    EXPECT_EQ(status("GET / HTTP/1.1\r\nX: " + field), "431");
    EXPECT_EQ(status("GET / HTTP/1.1\r\n" + field + ": x"), "431");
    EXPECT_EQ(status(chunked, "0\r\nX: " + field + "\r\n\r\n"), "431");
    EXPECT_EQ(status("POST / HTTP/1.1\r\nExpect: a-miracle\r\nContent-Length: 1", "a"), "417");
    EXPECT_EQ(status("GET /" + std::string(64 << 10, 'u') + " HTTP/1.1"), "200");
}

TEST_F(HttpServerTest, ContinueIsSentBeforeTheBodyIsRead) {
    const int fd = send(
        "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n"
        "Connection: close\r\n\r\n");
    char buffer[100];
    const ssize_t n = ::recv(fd, buffer, sizeof(buffer), 0);
    EXPECT_TRUE(std::string(buffer, static_cast<std::size_t>(n)).starts_with("HTTP/1.1 100 "));
    EXPECT_EQ(::send(fd, "ok", 2, 0), 2);
    EXPECT_NE(receive(fd).find("POST /  ok"), std::string::npos);
}

// The answer arrives although the client is still sending: no reset.
TEST_F(HttpServerTest, TooLargeBodiesAreReadOnAfterTheAnswer) {
    const std::string body(4 << 20, 'x');
    const std::string out = raw(
        "POST / HTTP/1.1\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    EXPECT_NE(out.find(" 413 "), std::string::npos) << out;
}

TEST_F(HttpServerTest, BodiesTogetherAreBoundedAlsoChunkedOnes) {
    const int first = send("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n384\r\n" +
                           std::string(900, 'x'));
    const int second = send("POST / HTTP/1.1\r\nContent-Length: 1000\r\n\r\n");
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    EXPECT_EQ(::send(second, std::string(900, 'x').data(), 900, 0), 900);
    const std::string refused = receive(second);
    EXPECT_NE(refused.find(" 503 "), std::string::npos) << refused;
    EXPECT_NE(refused.find("Retry-After: 1"), std::string::npos) << refused;
    EXPECT_NE(receive(first).find(" 408 "), std::string::npos);
    EXPECT_NE(raw("POST / HTTP/1.1\r\nContent-Length: 900\r\nConnection: close\r\n\r\n" +
                  std::string(900, 'x'))
                  .find(" 200 "),
              std::string::npos);
}

TEST_F(HttpServerTest, TooManyConnectionsAreToldSo) {
    std::vector<int> open;
    for (int i = 0; i < 8; ++i) {
        open.push_back(send("GET / HTTP/1.1\r\n"));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    const std::string refused = raw("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_NE(refused.find(" 503 "), std::string::npos) << refused;
    EXPECT_NE(refused.find("too many connections"), std::string::npos);
    for (const int fd : open) {
        (void)receive(fd);
    }
    const std::string url = "http://127.0.0.1:" + std::to_string(server_->port());
    // Connections that were refused linger for a moment.
    for (int i = 0; i < 100 && http_send(url, "GET", "/", {}, "")->status != 200; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    EXPECT_EQ(http_send(url, "GET", "/", {}, "")->status, 200);
}

// A server whose requests run until they are cancelled.
class HangingServerTest : public ::testing::Test {
  protected:
    void SetUp() override {
        auto server = HttpServer::start({}, [this](const HttpRequest& request, Responder respond) {
            threads_.emplace_back([cancel = request.cancel, respond = std::move(respond)] {
                while (cancel.check().ok()) {
                    std::this_thread::sleep_for(std::chrono::milliseconds(1));
                }
                respond({.status = 499, .headers = {}, .body = cancel.check().ToString()});
            });
        });
        ASSERT_TRUE(server.ok()) << server.status();
        server_ = *std::move(server);
    }
    void TearDown() override {
        server_->shutdown(Duration{0});
        for (auto& thread : threads_) {
            thread.join();
        }
    }

    std::vector<std::thread> threads_;
    std::unique_ptr<HttpServer> server_;
};

TEST_F(HangingServerTest, AStopCancelsWhatStillRuns) {
    std::thread client([this] {
        const auto answer =
            http_send("http://127.0.0.1:" + std::to_string(server_->port()), "GET", "/", {}, "");
        ASSERT_TRUE(answer.ok()) << answer.status();
        EXPECT_NE(answer->body.find("the server is stopping"), std::string::npos);
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    server_->shutdown(Duration::millis(100));
    client.join();
}

TEST(HttpServer, ListensOnNamesAndIpv6) {
    const auto answers = [](const std::string& address) -> std::string {
        const auto server =
            HttpServer::start({.address = address}, [](const HttpRequest&, const Responder& done) {
                done({.status = 200, .headers = {}, .body = "yes"});
            });
        if (!server.ok()) {
            return std::string(server.status().message());
        }
        const std::string port = std::to_string((*server)->port());
        std::string out = (*server)->is_local() ? "local" : "open";
        for (const char* host : {"127.0.0.1", "localhost", "[::1]"}) {
            const auto answer =
                http_send(std::string("http://") + host + ":" + port, "GET", "/", {}, "");
            out += answer.ok() ? std::string(" ") + host : "";
        }
        return out;
    };
    EXPECT_EQ(answers("localhost"), "local 127.0.0.1 localhost");
    EXPECT_EQ(answers("0.0.0.0"), "open 127.0.0.1 localhost");
    EXPECT_THAT(answers("no such host"), ::testing::HasSubstr("cannot listen on no such host:0: "));
    const std::string v6 = answers("::1");
    if (v6.starts_with("cannot listen on [::1]:0")) {
        EXPECT_EQ(answers(""), "open 127.0.0.1 localhost");
        GTEST_SKIP() << v6;
    }
    EXPECT_THAT(v6, ::testing::AnyOf("local localhost [::1]", "local [::1]"));
    EXPECT_EQ(answers(""), "open 127.0.0.1 localhost [::1]");
}

TEST(Url, DecodesForms) {
    const auto form = parse_form("a=b+c&d=%7B%22&e&=f&g=%zz");
    ASSERT_EQ(form.size(), 5U);
    EXPECT_EQ(form[0].second, "b c");
    EXPECT_EQ(form[1].second, "{\"");
    EXPECT_EQ(form[4].second, "%zz");
    EXPECT_EQ(url_decode(url_encode("a b+{}/\xff"), false), "a b+{}/\xff");
}

}  // namespace
}  // namespace logi::net
