#include "net/http_client.h"

#include "net/http_pool.h"
#include "net/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

namespace logi::net {
namespace {

using ::testing::HasSubstr;

// Answers each connection with the next of `answers`, whatever is asked, and closes.
class RawServer {
  public:
    explicit RawServer(std::vector<std::string> answers) {
        listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
        EXPECT_EQ(::listen(listener_, 8), 0);
        socklen_t size = sizeof(address);
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
        url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
        thread_ = std::thread([this, answers = std::move(answers)] {
            for (const auto& answer : answers) {
                const int fd = ::accept(listener_, nullptr, nullptr);
                char request[4096];
                EXPECT_GT(::recv(fd, request, sizeof(request), 0), 0);
                EXPECT_EQ(::send(fd, answer.data(), answer.size(), MSG_NOSIGNAL),
                          static_cast<ssize_t>(answer.size()));
                ::shutdown(fd, SHUT_WR);
                while (::recv(fd, request, sizeof(request), 0) > 0) {
                }
                ::close(fd);
            }
        });
    }
    ~RawServer() {
        thread_.join();
        ::close(listener_);
    }
    RawServer(const RawServer&) = delete;
    RawServer& operator=(const RawServer&) = delete;
    [[nodiscard]] const std::string& url() const { return url_; }

  private:
    int listener_ = -1;
    std::string url_;
    std::thread thread_;
};

TEST(ServerUrl, IsParsed) {
    const auto text = [](const std::string& url) {
        const auto parsed = parse_server_url(url);
        return parsed.ok() ? (parsed->tls ? "tls " : "") + parsed->host + " " + parsed->port + " " +
                                 parsed->authority + " " + parsed->prefix
                           : std::string("refused");
    };
    EXPECT_EQ(text("http://a"), "a 80 a ");
    EXPECT_EQ(text("https://a/"), "tls a 443 a ");
    EXPECT_EQ(text("HTTPS://a:8443/x/y//"), "tls a 8443 a:8443 /x/y");
    EXPECT_EQ(text("http://[::1]:3100/x"), "::1 3100 [::1]:3100 /x");
    EXPECT_EQ(text("http://[::1]"), "::1 80 [::1] ");
    for (const char* url : {"",
                            "a",
                            "a:80",
                            "ftp://a",
                            "http://",
                            "http://:80",
                            "http://a:",
                            "http://a:x",
                            "http://a:70000",
                            "http://a:0",
                            "http://a?b",
                            "http://a/b?c"}) {
        EXPECT_EQ(text(url), "refused") << url;
    }
    const auto with_user = parse_server_url("http://user:secret@a");
    EXPECT_THAT(std::string(with_user.status().message()), ::testing::Not(HasSubstr("secret")));
    EXPECT_FALSE(with_user.ok());
}

TEST(HttpClient, KeepsItsConnection) {
    ServerOptions options;
    options.header_timeout = Duration::seconds(2);  // how long an idle connection is kept
    auto server = HttpServer::start(options, [](HttpRequest request, const Responder& respond) {
        respond({request.path == "/close" ? 500 : 200, {{"X-Path", request.path}}, request.body});
    });
    ASSERT_TRUE(server.ok()) << server.status();
    const std::string url = "http://127.0.0.1:" + std::to_string((*server)->port());
    const auto client = HttpClient::make(url + "/prefix/", {});
    ASSERT_TRUE(client.ok()) << client.status();
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < 3; ++i) {
        const auto answer = (*client)->send("POST", "/x?y", {}, "body");
        ASSERT_TRUE(answer.ok()) << answer.status();
        EXPECT_EQ(answer->body, "body");
        EXPECT_EQ(answer->header("x-path"), "/prefix/x");
        EXPECT_EQ((*client)->send("HEAD", "/", {}, "")->body, "");
    }
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(2));
    // The server closes what is idle; the next request makes a new one.
    std::this_thread::sleep_for(std::chrono::milliseconds(2500));
    EXPECT_TRUE((*client)->send("GET", "/", {}, "").ok());
    EXPECT_EQ((*client)->send("GET", "/", {{"X", "a\r\nY: b"}}, "").status().code(),
              absl::StatusCode::kInvalidArgument);
}

TEST(HttpClient, ReadsAnswersOfAllKinds) {
    const auto ask = [](const std::string& answer) {
        const RawServer server({answer});
        const auto got = http_send(server.url(), "GET", "/", {}, "");
        return got.ok() ? std::to_string(got->status) + " " + got->body
                        : std::string(got.status().message()).substr(server.url().size());
    };
    EXPECT_EQ(ask("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"), "200 abc");
    EXPECT_EQ(ask("HTTP/1.0 200 OK\r\n\r\nto the end"), "200 to the end");
    EXPECT_EQ(ask("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"),
              "200 abc");
    EXPECT_EQ(ask("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"), "204 ");
    EXPECT_EQ(ask("HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\nabc"), ": partial message");
    EXPECT_EQ(ask(""), ": the server closed the connection");
    EXPECT_EQ(ask("rubbish\r\n\r\n"), ": bad version");
    EXPECT_EQ(ask("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: " +
                  std::string(70'000, 'x') + "\r\n\r\n"),
              ": field value too large");
}

TEST(HttpClient, HasBounds) {
    const RawServer server(
        {"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + std::string(2000, 'x')});
    ClientOptions small;
    small.body_bytes_max = 1000;
    EXPECT_THAT(std::string(http_send(server.url(), "GET", "/", {}, "", small).status().message()),
                HasSubstr("body limit exceeded"));

    auto silent = HttpServer::start({}, [](const HttpRequest&, const Responder&) {});
    ClientOptions hasty;
    hasty.timeout = Duration::millis(50);
    const std::string url = "http://127.0.0.1:" + std::to_string((*silent)->port());
    const auto answer = http_send(url, "GET", "/", {}, "", hasty);
    EXPECT_EQ(answer.status().code(), absl::StatusCode::kDeadlineExceeded);
    EXPECT_EQ(answer.status().message(), url + ": the server takes too long");
}

TEST(HttpPool, KnowsWhichAnswersAreWhole) {
    const auto ask = [](const std::string& answer) {
        const RawServer server({answer});
        HttpPool pool({});
        PoolRequest request;
        request.url = server.url();
        const auto got = pool.send(request);
        return got.ok() ? got->http.body : std::string("none");
    };
    EXPECT_EQ(ask("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"), "abc");
    EXPECT_EQ(ask("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab"), "none");
    EXPECT_EQ(ask("HTTP/1.1 200 OK\r\nX: y"), "none");
    EXPECT_EQ(ask("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                  "3\r\nabc\r\n0\r\nX: y\r\n\r\n"),
              "abc");
}

TEST(HttpClient, SaysWhatIsWrongWithItsFiles) {
    const auto error = [](const ClientTls& tls) {
        ClientOptions options;
        options.tls = tls;
        return std::string(HttpClient::make("https://127.0.0.1", options).status().message());
    };
    EXPECT_EQ(error({}), "");
    EXPECT_EQ(error({"/dev/null", "", "", "", false}), "/dev/null: there is no certificate in it");
    EXPECT_THAT(error({"/no/such", "", "", "", false}), HasSubstr("/no/such: No such file"));
    EXPECT_THAT(error({"", "/dev/null", "", "", false}), HasSubstr("a certificate needs a key"));
    EXPECT_THAT(error({"", "/dev/null", "/dev/null", "", false}),
                HasSubstr("/dev/null: there is no certificate in it"));
}

}  // namespace
}  // namespace logi::net
