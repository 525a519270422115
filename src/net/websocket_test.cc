#include "net/websocket.h"

#include "net/http_server.h"
#include "net/test_words.h"
#include "net/websocket_frame.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

namespace logi::net {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// A client's frame.
std::string frame(unsigned first_byte, const std::string& payload) {
    std::string out(1, static_cast<char>(first_byte));
    std::string header = websocket_header(WebSocketOp::kText, payload.size()).substr(1);
    header[0] = static_cast<char>(static_cast<unsigned char>(header[0]) | 0x80U);
    const std::string mask = "\x01\x80\xff\x37";
    out += header + mask;
    for (std::size_t i = 0; i < payload.size(); ++i) {
        out.push_back(static_cast<char>(payload[i] ^ mask[i % 4]));
    }
    return out;
}

// The code it is closed with for what is wrong, or 0.
unsigned wrong(const std::string& bytes) {
    WebSocketDecoder decoder;
    WebSocketEvents events;
    const auto close = decoder.feed(bytes, events);
    return close.has_value() ? close->code : 0U;
}

TEST(WebSocketFrames, AreTheSameHoweverTheBytesAreCut) {
    const std::string bytes =
        frame(0x81, "hello") + frame(0x89, "are you there?") + frame(0x01, std::string(200, 'x')) +
        frame(0x8A, "") + frame(0x80, std::string(70'000, 'y')) + frame(0x88, "\x03\xe8so long");
    for (const std::size_t step : {std::size_t{1}, std::size_t{3}, std::size_t{7}, bytes.size()}) {
        WebSocketDecoder decoder;
        WebSocketEvents events;
        for (std::size_t i = 0; i < bytes.size(); i += step) {
            EXPECT_FALSE(decoder.feed(std::string_view(bytes).substr(i, step), events));
        }
        EXPECT_EQ(events.ping, "are you there?");
        EXPECT_EQ(events.pongs, 1U);
        EXPECT_EQ(events.data_bytes, 70'205U);
        EXPECT_EQ(events.close, (WebSocketClose{1000, "so long"}));
    }
}

TEST(WebSocketFrames, WhatIsWrongHasACode) {
    EXPECT_EQ(wrong(frame(0x81, "fine")), 0U);
    EXPECT_EQ(wrong(std::string("\x81\x02hi", 4)), 1002U);  // not masked
    EXPECT_EQ(wrong(frame(0xC1, "reserved")), 1002U);
    EXPECT_EQ(wrong(frame(0x83, "unknown")), 1002U);
    EXPECT_EQ(wrong(frame(0x09, "in parts")), 1002U);
    EXPECT_EQ(wrong(frame(0x89, std::string(126, 'x'))), 1002U);
    EXPECT_EQ(wrong(frame(0x80, "of nothing")), 1002U);
    EXPECT_EQ(wrong(frame(0x01, "one") + frame(0x81, "two")), 1002U);
    EXPECT_EQ(wrong(frame(0x88, "\x03")), 1002U);
    EXPECT_EQ(wrong(frame(0x88, std::string("\x03\xed", 2))), 1002U);  // 1005 is never sent
    EXPECT_EQ(wrong(frame(0x88, "\x03\xe8\xff")), 1007U);
    EXPECT_EQ(wrong(std::string("\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff"
                                "mask",
                                14)),
              1009U);
    std::string parts = frame(0x01, std::string(600'000, 'x'));
    EXPECT_EQ(wrong(parts), 0U);
    EXPECT_EQ(wrong(parts + frame(0x00, std::string(600'000, 'x'))), 1009U);
}

TEST(WebSocketFrames, OfAServerAreGathered) {
    const std::string text(70'000, 'y');
    std::string bytes = websocket_header(WebSocketOp::kText, text.size()) + text;
    bytes += std::string("\x01\x02in", 4) + websocket_control(WebSocketOp::kPing, "between") +
             std::string("\x80\x06 parts", 8) + std::string("\x82\x01\xff", 3) +
             std::string("\x81\x00", 2);
    for (const std::size_t step : {std::size_t{1}, std::size_t{5}, bytes.size()}) {
        WebSocketDecoder decoder(WebSocketSide::kServer);
        WebSocketEvents events;
        for (std::size_t i = 0; i < bytes.size(); i += step) {
            EXPECT_FALSE(decoder.feed(std::string_view(bytes).substr(i, step), events));
        }
        EXPECT_THAT(events.messages, ::testing::ElementsAre(text, "in parts", "\xff", ""));
        EXPECT_EQ(events.ping, "between");
        EXPECT_EQ(events.pings, 1U);
    }
    const auto wrong_of_server = [](const std::string& said) {
        WebSocketDecoder decoder(WebSocketSide::kServer, 10);
        WebSocketEvents events;
        const auto close = decoder.feed(said, events);
        return close.has_value() ? close->code : 0U;
    };
    EXPECT_EQ(wrong_of_server(frame(0x81, "masked")), 1002U);
    EXPECT_EQ(wrong_of_server(std::string("\x81\x01\xff", 3)), 1007U);
    EXPECT_EQ(wrong_of_server(websocket_header(WebSocketOp::kText, 10)), 0U);
    EXPECT_EQ(wrong_of_server(websocket_header(WebSocketOp::kText, 11)), 1009U);
}

TEST(WebSocketFrames, OfAClientAreMasked) {
    for (const std::size_t size : {std::size_t{0}, std::size_t{125}, std::size_t{70'000}}) {
        const std::string text(size, 'x');
        const std::string bytes =
            websocket_masked(websocket_header(WebSocketOp::kText, size) + text + "", 0x0180ff37U);
        EXPECT_EQ(bytes, frame(0x81, text));
    }
}

TEST(WebSocketFrames, ReasonsAreCutBetweenCharacters) {
    EXPECT_EQ(websocket_close({WebSocketClose::kNoStatus, "x"}), std::string("\x88\x00", 2));
    const std::string text = "x" + std::string(30, '.');
    EXPECT_EQ(websocket_close({1011, text}).substr(4), text);
    std::string umlauts = "x";
    for (int i = 0; i < 100; ++i) {
        umlauts += "\xc3\xa4";
    }
    EXPECT_EQ(websocket_close({1011, umlauts}).substr(4), umlauts.substr(0, 123));
    umlauts.erase(0, 1);
    EXPECT_EQ(websocket_close({1011, umlauts}).substr(4), umlauts.substr(0, 122));
}

class WebSocketServerTest : public ::testing::Test {
  protected:
    void SetUp() override {
        auto server = HttpServer::start({}, [this](const HttpRequest& request, Responder respond) {
            respond(accept_websocket(request, words_).value_or(HttpResponse{400, {}, "no"}));
        });
        ASSERT_TRUE(server.ok()) << server.status();
        server_ = *std::move(server);
    }
    void TearDown() override {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }

    void send(const std::string& bytes) const {
        ASSERT_EQ(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(bytes.size()));
    }
    // Asks for a WebSocket; `more` is sent right behind the request.
    std::string connect(const std::string& more = "", const std::string& version = "13") {
        fd_ = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(server_->port());
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
        send(
            "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: " +
            version + "\r\n\r\n" + more);
        std::string head;
        while (!head.ends_with("\r\n\r\n")) {
            const std::string one = read(1);
            if (one.empty()) {
                break;
            }
            head += one;
        }
        return head;
    }
    std::string read(std::size_t bytes) const {
        std::string out(bytes, '\0');
        const ssize_t n = ::recv(fd_, out.data(), bytes, MSG_WAITALL);
        out.resize(static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
        return out;
    }
    // First byte and payload of the next frame that is no ping, of less than 126 bytes.
    std::string next_frame() const {
        while (true) {
            const std::string header = read(2);
            if (header.size() < 2) {
                return "eof";
            }
            const std::string payload = read(static_cast<unsigned char>(header[1]));
            if (header[0] != '\x89') {
                return header[0] + payload;
            }
        }
    }
    static WebSocketMessage message(const std::string& text, const std::string& end) {
        return {std::make_shared<const std::string>(text), end};
    }

    std::shared_ptr<Words> words_ = std::make_shared<Words>();
    std::unique_ptr<HttpServer> server_;
    int fd_ = -1;
};

TEST_F(WebSocketServerTest, SaysWhatItsSourceSays) {
    words_->say(message("before", " it opened"));
    const std::string head = connect(frame(0x89, "with the request"));
    EXPECT_THAT(head, StartsWith("HTTP/1.1 101 "));
    EXPECT_THAT(head, HasSubstr("\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
    EXPECT_THAT(head, HasSubstr("\r\nConnection: Upgrade\r\n"));
    EXPECT_THAT(head, ::testing::Not(HasSubstr("Content-Length")));
    EXPECT_EQ(next_frame(), "\x8Awith the request");
    EXPECT_EQ(next_frame(),
              "\x81"
              "before it opened");
    words_->say(message("", "later"));
    EXPECT_EQ(next_frame(), "\x81later");
    send(frame(0x81, "is ignored") + frame(0x88, "\x03\xe8"));
    EXPECT_EQ(next_frame(), "\x88\x03\xe8");
    EXPECT_EQ(next_frame(), "eof");
    EXPECT_EQ(words_->closed_count(), 1);
}

TEST_F(WebSocketServerTest, ClosesWithAReason) {
    (void)connect();
    words_->say(WebSocketClose{WebSocketClose::kError, "enough"});
    EXPECT_EQ(next_frame(),
              "\x88\x03\xf3"
              "enough");
    send(frame(0x88, "\x03\xf3"));
    EXPECT_EQ(next_frame(), "eof");
}

TEST_F(WebSocketServerTest, RubbishIsToldSo) {
    (void)connect();
    send("GET / HTTP/1.1\r\n\r\n" + std::string(100'000, 'x'));
    EXPECT_THAT(next_frame(), StartsWith("\x88\x03\xea"));
}

TEST_F(WebSocketServerTest, AStopSaysGoodbye) {
    (void)connect();
    server_->shutdown(Duration::seconds(10));
    EXPECT_EQ(next_frame(), "\x88\x03\xe9the server is stopping");
    server_.reset();
    EXPECT_EQ(words_->closed_count(), 1);
}

TEST_F(WebSocketServerTest, OtherRequestsAreNone) {
    EXPECT_THAT(connect("", "12"), StartsWith("HTTP/1.1 400 "));
    EXPECT_EQ(words_->closed_count(), 0);
}

}  // namespace
}  // namespace logi::net
