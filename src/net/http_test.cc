#include "net/http.h"

#include "net/http_client.h"
#include "net/http_server.h"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

namespace logi::net {
namespace {

class HttpServerTest : public ::testing::Test {
  protected:
    void SetUp() override {
        ServerOptions options;
        options.body_bytes_max = 1000;
        options.header_timeout = Duration::millis(500);
        auto server = HttpServer::start(options, [](HttpRequest request, const Responder& respond) {
            HttpResponse response;
            response.body =
                request.method + " " + request.path + " " + request.query + " " + request.body;
            respond(std::move(response));
        });
        ASSERT_TRUE(server.ok()) << server.status();
        server_ = *std::move(server);
    }

    // Sends raw bytes and returns all that comes back until the server closes or is silent.
    [[nodiscard]] std::string raw(const std::string& bytes) const {
        const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(server_->port());
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
        EXPECT_EQ(::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(bytes.size()));
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
    EXPECT_EQ(raw("GET / HTTP/1.1\r\nHos"), "");
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
