#include "net/http_streams.h"

#include "net/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>

namespace logi::net {
namespace {

using ::testing::HasSubstr;

std::unique_ptr<HttpServer> serve(const std::string& body) {
    ServerOptions options;
    options.address = "127.0.0.1";
    options.port = 0;
    auto server = HttpServer::start(options, [body](HttpRequest request, Responder respond) {
        HttpResponse response;
        response.status = request.path == "/gone" ? 410 : 200;
        response.body = std::string(request.header("X-Asked")) + body;
        respond(std::move(response));
    });
    EXPECT_TRUE(server.ok()) << server.status();
    return *std::move(server);
}

struct Answer {
    std::string body;
    StatusOr<int> status = 0;
};

std::future<Answer> ask(HttpStreams& streams, StreamRequest request) {
    const auto promise = std::make_shared<std::promise<Answer>>();
    const auto answer = std::make_shared<Answer>();
    streams.get(std::move(request),
                {[answer](int, std::string_view bytes) {
                     answer->body.append(bytes);
                     return true;
                 },
                 [answer, promise](const StatusOr<int>& status) {
                     answer->status = status;
                     promise->set_value(*answer);
                 }});
    return promise->get_future();
}

TEST(HttpStreams, TakesAnswersAndSaysHowTheyEnd) {
    const auto server = serve(" body");
    const std::string url = "http://" + server->address();
    HttpStreams streams;
    auto first =
        ask(streams, {.url = url + "/x", .unix_socket = "", .headers = {{"X-Asked", "me"}}});
    auto second = ask(streams, {.url = url + "/gone", .unix_socket = ""});
    auto third = ask(streams, {.url = "http://127.0.0.1:1/", .unix_socket = ""});
    auto fourth = ask(streams, {.url = "http://x/", .unix_socket = "/no/such/socket"});
    const Answer answer = first.get();
    EXPECT_EQ(answer.body, "me body");
    EXPECT_EQ(answer.status.value(), 200);
    EXPECT_EQ(second.get().status.value(), 410);
    EXPECT_TRUE(absl::IsUnavailable(third.get().status.status()));
    EXPECT_TRUE(absl::IsUnavailable(fourth.get().status.status()));
}

TEST(HttpStreams, StandsStillUntilItIsResumed) {
    const std::string body(3'000'000, 'x');
    const auto server = serve(body);
    HttpStreams streams;
    std::mutex mutex;
    std::size_t bytes = 0;
    std::promise<void> ended;
    std::promise<void> begun;
    const HttpStreams::Id id =
        streams.get({.url = "http://" + server->address() + "/", .unix_socket = ""},
                    {[&](int, std::string_view more) {
                         const std::lock_guard lock(mutex);
                         if (bytes == 0) {
                             begun.set_value();
                         }
                         bytes += more.size();
                         return false;
                     },
                     [&](const StatusOr<int>&) {
                         ended.set_value();
                     }});
    begun.get_future().get();
    auto end = ended.get_future();
    EXPECT_EQ(end.wait_for(std::chrono::milliseconds(100)), std::future_status::timeout);
    {
        const std::lock_guard lock(mutex);
        EXPECT_LT(bytes, body.size());
    }
    while (end.wait_for(std::chrono::milliseconds(1)) != std::future_status::ready) {
        streams.resume(id);
    }
    EXPECT_EQ(bytes, body.size());
}

TEST(HttpStreams, NothingComesOfWhatIsCancelledOrLate) {
    std::vector<Responder> kept;
    std::mutex mutex;
    ServerOptions options;
    options.address = "127.0.0.1";
    options.port = 0;
    auto server = HttpServer::start(options, [&](const HttpRequest&, const Responder& respond) {
        const std::lock_guard lock(mutex);
        kept.push_back(respond);
    });
    ASSERT_TRUE(server.ok());
    const std::string url = "http://" + (*server)->address() + "/";
    {
        HttpStreams streams;
        auto late = ask(streams, {.url = url, .unix_socket = "", .timeout = Duration::millis(50)});
        bool told = false;
        const auto id = streams.get({.url = url, .unix_socket = ""},
                                    {[](int, std::string_view) { return true; },
                                     [&](const StatusOr<int>&) {
                                         told = true;
                                     }});
        streams.cancel(id);
        const Answer answer = late.get();
        EXPECT_TRUE(absl::IsDeadlineExceeded(answer.status.status())) << answer.status.status();
        EXPECT_THAT(std::string(answer.status.status().message()), HasSubstr(url));
        EXPECT_FALSE(told);
        ask(streams, {.url = url, .unix_socket = ""});  // still open when the streams end
    }
    const std::lock_guard lock(mutex);
    for (const Responder& respond : kept) {
        respond({});
    }
    kept.clear();  // they hold what the server has
}

}  // namespace
}  // namespace logi::net
