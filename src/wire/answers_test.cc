#include "wire/answers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace logi::wire {
namespace {

using ::testing::ElementsAre;

TEST(Answers, OfLogQueries) {
    const auto answer = parse_query_answer(
        R"({"status":"success","warnings":["late"],"data":{"resultType":"streams","result":[)"
        R"({"stream":{"b":"2","a":"1"},"values":[["20","x \"y\"",{"id":"7"}],["10",""]]},)"
        R"({"stream":{},"values":[["-5","old"]]}],"stats":{}}})");
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_THAT(answer->warnings, ElementsAre("late"));
    EXPECT_TRUE(answer->is_streams);
    ASSERT_EQ(answer->lines.size(), 3U);
    EXPECT_EQ(answer->lines[0].ns, 20);
    EXPECT_EQ(answer->lines[0].text, "x \"y\"");
    EXPECT_EQ(answer->lines[1].labels->to_string(), R"({a="1", b="2"})");
    EXPECT_EQ(answer->lines[2].ns, -5);
    EXPECT_EQ(answer->lines[2].labels->to_string(), "{}");
}

TEST(Answers, OfMetricQueries) {
    const auto answer = parse_query_answer(
        R"({"data":{"resultType":"vector","result":[{"metric":{},"value":[1.5,"12"]},)"
        R"({"metric":{"a":"b"},"value":[1.5,"0.5"]}]}})");
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_FALSE(answer->is_streams);
    EXPECT_THAT(answer->values, ElementsAre(12, 0.5));
    const auto scalar =
        parse_query_answer(R"({"data":{"resultType":"scalar","result":[1.5,"12"]}})");
    ASSERT_TRUE(scalar.ok()) << scalar.status();
    EXPECT_EQ(scalar->result, R"([1.5,"12"])");
}

TEST(Answers, OfLiveTails) {
    const auto frame =
        parse_tail_frame(R"({"streams":[{"stream":{"a":"1"},"values":[["20","x"]]}],)"
                         R"("dropped_entries":[{"timestamp":"30","labels":{"a":"2"}}]})");
    ASSERT_TRUE(frame.ok()) << frame.status();
    ASSERT_EQ(frame->lines.size(), 1U);
    EXPECT_EQ(frame->lines[0].text, "x");
    ASSERT_EQ(frame->lost.size(), 1U);
    EXPECT_EQ(frame->lost[0].ns, "30");
    EXPECT_EQ(frame->lost[0].labels.to_string(), R"({a="2"})");
    EXPECT_TRUE(parse_tail_frame(R"({"streams":null})").ok());
}

TEST(Answers, WhatIsNoneIsAnError) {
    for (const char* text : {"",
                             "{",
                             "[]",
                             R"({"data":{}})",
                             R"({"data":{"resultType":"streams"}})",
                             R"({"data":{"resultType":"vector","result":[{"value":[1,"x"]}]}})"}) {
        EXPECT_TRUE(absl::IsInvalidArgument(parse_query_answer(text).status())) << text;
    }
    for (const char* text : {"no",
                             R"({"streams":[{"stream":{},"values":[[1,"x"]]}]})",
                             R"({"streams":[{"stream":{},"values":[["1x","x"]]}]})"}) {
        EXPECT_TRUE(absl::IsInvalidArgument(parse_tail_frame(text).status())) << text;
    }
}

}  // namespace
}  // namespace logi::wire
