#include "canary/loki.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace logi::canary {
namespace {

using ::testing::ElementsAre;

std::string query_of(const Settings& settings) {
    io::SeededRandom random(1);
    const auto loki = Loki::make(settings, random);
    return loki.ok() ? loki->query() : loki.status().ToString();
}

TEST(Lines, HaveASizeAndATime) {
    EXPECT_EQ(line_text({1'700'000'000'000'000'001}, 25), "1700000000000000001 ppppp");
    EXPECT_EQ(line_text({17}, 0), "17 ");
    EXPECT_EQ(time_of_line("1700000000000000001 ppppp")->ns, 1'700'000'000'000'000'001);
    EXPECT_EQ(time_of_line("17")->ns, 17);
    for (const char* text : {"", " 17", "x 17", "99999999999999999999 p"}) {
        EXPECT_TRUE(absl::IsInvalidArgument(time_of_line(text).status())) << text;
    }
}

TEST(Loki, AsksForTheCanarysOwnStream) {
    Settings settings;
    settings.addr = "localhost:3100";
    EXPECT_EQ(query_of(settings), R"({name="loki-canary", stream="stdout"})");
    settings.push = true;
    settings.query_append = "| json";
    EXPECT_EQ(query_of(settings), R"({name="loki-canary", stream="push"} | json)");
    settings.stream_name = "name";
    settings.label_value = "a \"b\"";
    settings.query_append = "";
    EXPECT_EQ(query_of(settings), R"({name="a \"b\""})");
    settings.labels = "c=d, a=b=c";
    EXPECT_EQ(query_of(settings), R"({a="b=c", c="d"})");
    settings.labels = "a=b,c";
    EXPECT_THAT(query_of(settings), ::testing::HasSubstr("labels are name=value"));
}

TEST(Loki, ReadsWhatATailBrings) {
    const auto message =
        Loki::read_message(R"({"streams":[{"stream":{},"values":[["5","7 pp"]]},)"
                           R"({"stream":{},"values":[["9","of another"],["6","6 p"]]}],)"
                           R"("dropped_entries":[{"timestamp":"8","labels":{}}]})");
    ASSERT_TRUE(message.ok()) << message.status();
    // The line says when it was written, whatever time an agent has given it.
    EXPECT_THAT(message->times, ElementsAre(Timestamp{7}, Timestamp{6}));
    EXPECT_EQ(message->newest, Timestamp{9});
    EXPECT_EQ(message->foreign, 1U);
    EXPECT_EQ(message->left_out, 1U);
}

}  // namespace
}  // namespace logi::canary
