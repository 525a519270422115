#include "net/websocket_client.h"

#include "net/http_server.h"
#include "net/test_words.h"
#include "net/websocket_frame.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

namespace logi::net {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr Duration kLong = Duration::seconds(20);

// The message, or what there is instead.
std::string text_of(const StatusOr<WebSocketClient::Event>& event) {
    if (!event.ok()) {
        return event.status().ToString();
    }
    if (const auto* close = std::get_if<WebSocketClose>(&*event)) {
        return std::to_string(close->code) + " " + close->reason;
    }
    const auto* message = std::get_if<std::string>(&*event);
    return message == nullptr ? "nothing" : *message;
}

WebSocketMessage message(const std::string& text) {
    return {std::make_shared<const std::string>(text), ""};
}

class WebSocketClientTest : public ::testing::Test {
  protected:
    void SetUp() override {
        auto server = HttpServer::start({}, [this](const HttpRequest& request, Responder respond) {
            if (request.path != "/words") {
                respond({400, {}, "parse error of " + request.query + "\n"});
            } else {
                respond(accept_websocket(request, words_).value_or(HttpResponse{426, {}, "no"}));
            }
        });
        ASSERT_TRUE(server.ok()) << server.status();
        server_ = *std::move(server);
        url_ = "http://127.0.0.1:" + std::to_string(server_->port());
    }
    std::unique_ptr<WebSocketClient> open() {
        auto client = WebSocketClient::open(url_, "/words", {}, random_);
        EXPECT_TRUE(client.ok()) << client.status();
        return client.ok() ? *std::move(client) : nullptr;
    }

    io::SystemRandom random_;
    std::shared_ptr<Words> words_ = std::make_shared<Words>();
    std::unique_ptr<HttpServer> server_;
    std::string url_;
};

TEST_F(WebSocketClientTest, HearsWhatTheServerSays) {
    words_->say(message("first"));
    words_->say(message(std::string(300'000, 'x')));
    const auto client = open();
    EXPECT_EQ(text_of(client->next(kLong)), "first");
    EXPECT_EQ(text_of(client->next(kLong)), std::string(300'000, 'x'));
    EXPECT_EQ(text_of(client->next(Duration::millis(1))), "nothing");
    EXPECT_EQ(text_of(client->next(Duration::millis(1))), "nothing");
    words_->say(message("later"));
    EXPECT_EQ(text_of(client->next(kLong)), "later");
    words_->say(message("last"));
    words_->say(WebSocketClose{1011, "enough"});
    EXPECT_EQ(text_of(client->next(kLong)), "last");
    EXPECT_EQ(text_of(client->next(kLong)), "1011 enough");
    EXPECT_THAT(text_of(client->next(kLong)), HasSubstr("the server has closed"));
}

TEST_F(WebSocketClientTest, CountsPings) {
    const auto client = open();
    while (client->pings() < 2) {
        ASSERT_EQ(text_of(client->next(Duration::millis(100))), "nothing");
    }
}

TEST_F(WebSocketClientTest, SaysGoodbye) {
    const auto client = open();
    words_->say(message("on its way"));
    client->close({WebSocketClose::kNormal, ""});
    EXPECT_FALSE(client->next(kLong).ok());
    while (words_->closed_count() == 0) {
        std::this_thread::yield();
    }
}

TEST_F(WebSocketClientTest, RefusalsSayWhy) {
    auto client = WebSocketClient::open(url_, "/tail?query=x", {}, random_);
    EXPECT_TRUE(absl::IsInvalidArgument(client.status()));
    EXPECT_EQ(message_of(client.status()),
              url_ + ": the server answered 400: parse error of query=x");
    client = WebSocketClient::open("nonsense", "/", {}, random_);
    EXPECT_TRUE(absl::IsInvalidArgument(client.status()));
    server_.reset();
    client = WebSocketClient::open(url_, "/words", {}, random_);
    EXPECT_TRUE(absl::IsUnavailable(client.status()));
}

// A server that knows its part by heart: it answers one client, says its part, and listens until
// the client goes, or, told so, goes at once.
class Actor {
  public:
    Actor(std::string part, bool stay) : part_(std::move(part)), stay_(stay) {
        listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof(address);
        EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
        EXPECT_EQ(::listen(listener_, 1), 0);
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
        url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
        thread_ = std::thread([this] { play(); });
    }
    ~Actor() {
        if (thread_.joinable()) {
            thread_.join();
        }
        ::close(listener_);
    }
    Actor(const Actor&) = delete;
    Actor& operator=(const Actor&) = delete;

    [[nodiscard]] const std::string& url() const { return url_; }
    // What the client has said until it went.
    const std::string& heard() {
        thread_.join();
        return heard_;
    }

  private:
    void play() {
        const int fd = ::accept(listener_, nullptr, nullptr);
        std::string head;
        char c = 0;
        while (!head.ends_with("\r\n\r\n") && ::recv(fd, &c, 1, 0) == 1) {
            head.push_back(c);
        }
        constexpr std::string_view kName = "Sec-WebSocket-Key: ";
        const std::size_t at = head.find(kName) + kName.size();
        const std::string key = head.substr(at, head.find('\r', at) - at);
        const std::string said =
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Accept: " +
            websocket_accept(key) + "\r\n\r\n" + part_;
        EXPECT_EQ(::send(fd, said.data(), said.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(said.size()));
        while (stay_ && ::recv(fd, &c, 1, 0) == 1) {
            heard_.push_back(c);
        }
        ::close(fd);
    }

    const std::string part_;
    const bool stay_;
    int listener_ = -1;
    std::string url_;
    std::string heard_;
    std::thread thread_;
};

std::unique_ptr<WebSocketClient> meet(const Actor& actor,
                                      io::Random& random,
                                      WebSocketOptions options = {}) {
    auto client = WebSocketClient::open(actor.url(), "/", std::move(options), random);
    EXPECT_TRUE(client.ok()) << client.status();
    return client.ok() ? *std::move(client) : nullptr;
}

TEST(WebSocketClientAlone, AnswersPingsBetweenParts) {
    io::SeededRandom random(1);
    Actor actor(std::string("\x01\x02in\x89\x05hello\x80\x06 parts\x88\x00", 21), true);
    auto client = meet(actor, random);
    EXPECT_EQ(text_of(client->next(kLong)), "in parts");
    EXPECT_EQ(text_of(client->next(kLong)), "1005 ");
    EXPECT_EQ(client->pings(), 1U);
    client.reset();
    WebSocketDecoder decoder;
    WebSocketEvents events;
    EXPECT_FALSE(decoder.feed(actor.heard(), events));
    EXPECT_EQ(events.pongs, 1U);
    EXPECT_EQ(events.close, (WebSocketClose{WebSocketClose::kNoStatus, ""}));
}

TEST(WebSocketClientAlone, WhatBreaksTheRulesIsToldSo) {
    const std::string big(300, 'x');
    for (const auto& [part, code] :
         {std::pair<std::string, unsigned>{std::string("\x81\x81mask1", 7), 1002U},
          {std::string("\x81\x01\xff", 3), 1007U},
          {websocket_header(WebSocketOp::kText, big.size()) + big, 1009U}}) {
        io::SeededRandom random(2);
        Actor actor(std::string("\x81\x05it is", 7) + part, true);
        WebSocketOptions options;
        options.message_bytes_max = 200;
        auto client = meet(actor, random, options);
        EXPECT_EQ(text_of(client->next(kLong)), "it is");
        EXPECT_TRUE(absl::IsUnavailable(client->next(kLong).status()));
        client.reset();
        WebSocketDecoder decoder;
        WebSocketEvents events;
        EXPECT_FALSE(decoder.feed(actor.heard(), events));
        ASSERT_TRUE(events.close.has_value());
        EXPECT_EQ(events.close->code, code);
    }
}

TEST(WebSocketClientAlone, AConnectionThatBreaksOffIsAnError) {
    io::SeededRandom random(3);
    const Actor actor(std::string("\x81\x05it is\x81\x05hal", 12), false);
    const auto client = meet(actor, random);
    EXPECT_EQ(text_of(client->next(kLong)), "it is");
    EXPECT_THAT(text_of(client->next(kLong)), StartsWith("UNAVAILABLE"));
}

TEST(WebSocketClientAlone, ASilentServerIsAskedAndGivenUp) {
    io::SeededRandom random(4);
    Actor actor("", true);
    WebSocketOptions options;
    options.silence_max = Duration::millis(200);
    auto client = meet(actor, random, options);
    EXPECT_THAT(text_of(client->next(kLong)), HasSubstr("not heard any more"));
    client.reset();
    WebSocketDecoder decoder;
    WebSocketEvents events;
    EXPECT_FALSE(decoder.feed(actor.heard(), events));
    EXPECT_GE(events.pings, 1U);
}

}  // namespace
}  // namespace logi::net
