#include "fields/json_expressions.h"

#include "fields/test_sink.h"

#include <random>

namespace logi::fields {
namespace {

JsonExpressions expressions(const std::vector<Extraction>& extractions) {
    auto compiled = JsonExpressions::compile(extractions);
    EXPECT_TRUE(compiled.ok()) << compiled.status();
    return *compiled;
}

std::string error_of(const std::string& path) {
    return std::string(message_of(JsonExpressions::compile({{"x", path}}).status()));
}

const std::string kArrays =
    R"({"level":"info","list":[1,2,3],"objs":[{"k":"v1"},{"k":"v2"}],)"
    R"("mixed":[1,"two",null,true,{"x":[10,20]}],"nested":{"list":["p","q"]}})";

TEST(JsonExpressions, FollowsPaths) {
    EXPECT_EQ(fields_of(expressions({{"a", "list[0]"},
                                     {"b", "objs[1].k"},
                                     {"c", "mixed"},
                                     {"d", "mixed[4].x[1]"},
                                     {"e", "nested.list[1]"}}),
                        kArrays),
              R"(a:=1|b:=v2|c:=[1,"two",null,true,{"x":[10,20]}]|d:=20|e:=q)");
    EXPECT_EQ(fields_of(expressions({{"el", "objs[0]"}, {"deep", "mixed[4]"}}), kArrays),
              R"(el:={"k":"v1"}|deep:={"x":[10,20]})");
    EXPECT_EQ(fields_of(expressions({{"k", "[\"user agent\"]"}, {"d", "[\"a.b\"][\"c-d\"]"}}),
                        R"({"user agent":"curl","a.b":{"c-d":1}})"),
              "k:=curl|d:=1");
    EXPECT_EQ(fields_of(expressions({{"x", "a[1].b"}, {"y", "z"}}), R"({"a":[0,{"b":"q"}]})"),
              "x:=q|y?");
    EXPECT_EQ(fields_of(expressions({{"whole", "user"}, {"id", "user.id"}}),
                        R"({"user": {"id": 24, "vip": false}})"),
              R"(whole:={"id": 24, "vip": false}|id:=24)");
}

TEST(JsonExpressions, Values) {
    const auto all = expressions({{"t", "t"},
                                  {"n", "n"},
                                  {"e", "e"},
                                  {"o", "o"},
                                  {"arr", "arr"},
                                  {"s", "s"},
                                  {"bad", "bad"}});
    EXPECT_EQ(
        fields_of(
            all,
            R"({"t":true,"n":null,"e":"","o":{"q":"\n"},"arr":["\""],"s":"\u00e9","bad":"\ud800x"})"),
        "t:=true|n:=|e:=|o:={\"q\":\"\\n\"}|arr:=[\"\"\"]|s:=\xc3\xa9|bad:=");
}

TEST(JsonExpressions, DefectsMatterOnlyOnTheWay) {
    const auto level = expressions({{"level", "level"}, {"id", "order.id"}});
    expect_fields(
        level,
        {{R"({"level":"error","order":{"id":77,"tot)", "level:=error|id:=77"},
         {R"({"level":"error" "order":{"id":1}})", "level:=error|id:=1"},
         {R"({"level":"a","level":"b","order":{"id":1},"order":{"id":2}} tail)", "level:=a|id:=1"},
         {R"({"order":[{"id":5}],"x":{"level":1}})", "level?|id?"},
         {R"({"level":tru,"order":{"id":})", "level?|id?|JSONParserErr: Unknown value type"},
         {R"({"level":)", "level?|id?|JSONParserErr: Malformed JSON error"},
         {"\"a\":1", "level?|id?|JSONParserErr: Malformed JSON error"},
         {"plain", "JSONParserErr: "},
         {" {\"level\":1}", "JSONParserErr: "},
         {"", ""},
         {"\"just a string\"", "level?|id?"}});
    expect_fields(expressions({{"a", "a"}, {"first", "[0]"}}),
                  {{R"(["just","an","array"])", "first:=just|a?"},
                   {R"(["cut)", "a?|first?"},
                   {"[", "a?|first?"},
                   {"\"just a string\"", "a?|first?"}});
}

TEST(JsonExpressions, SinkStops) {
    TestSink sink;
    sink.stop_after = 1;
    Scratch scratch;
    const auto some = expressions({{"a", "a"}, {"b", "b"}, {"c", "c"}});
    EXPECT_TRUE(some.parse(R"({"b":1,"a":2})", sink, scratch).ok());
    EXPECT_EQ(sink.text(), "b:=1");
}

TEST(JsonExpressions, BadPathsAreNamedInLokisWords) {
    EXPECT_EQ(error_of("a["),
              "cannot parse expression [a[]: syntax error: unexpected $end, expecting STRING or "
              "INDEX");
    EXPECT_EQ(error_of("a..b"),
              "cannot parse expression [a..b]: syntax error: unexpected DOT, expecting FIELD");
    EXPECT_EQ(error_of("[a]"),
              "cannot parse expression [[a]]: syntax error: unexpected FIELD, expecting STRING or "
              "INDEX");
    EXPECT_EQ(error_of(""),
              "cannot parse expression []: syntax error: unexpected $end, expecting LSB or FIELD");
    EXPECT_EQ(error_of("a b"), "cannot parse expression [a b]: syntax error: unexpected FIELD");
    EXPECT_EQ(error_of("a-b"), "cannot parse expression [a-b]: unexpected char -");
    EXPECT_EQ(error_of("a[1.5]"),
              "cannot parse expression [a[1.5]]: cannot use float as array index");
    EXPECT_EQ(error_of("a[1x]"), "cannot parse expression [a[1x]]: non-integer value: x");
    EXPECT_EQ(error_of("[\"a]"),
              "cannot parse expression [[\"a]]: syntax error: unexpected $end, expecting RSB");
    EXPECT_EQ(error_of(" a . b [ 0 ] "), "");
    std::string deep = "a";
    for (std::size_t i = 0; i < kJsonDepthMax; ++i) {
        deep += ".a";
    }
    EXPECT_NE(error_of(deep).find("path is too long"), std::string::npos);
}

TEST(JsonExpressions, HostileInput) {
    const auto paths = expressions(
        {{"a", "list[1]"}, {"b", "objs[1].k"}, {"c", "mixed[4].x[1]"}, {"d", "nested.list"}});
    std::mt19937 random(11);
    constexpr std::string_view kBytes = "{}[]\",:\\ x1";
    for (int round = 0; round < 20'000; ++round) {
        std::string line = kArrays.substr(0, random() % (kArrays.size() + 1));
        for (std::size_t changes = random() % 4; changes > 0 && !line.empty(); --changes) {
            line[random() % line.size()] = kBytes[random() % kBytes.size()];
        }
        const std::vector<char> exact(line.begin(), line.end());
        TestSink sink;
        Scratch scratch;
        const auto error = paths.parse({exact.data(), exact.size()}, sink, scratch);
        if (!exact.empty() && error.details != "") {
            // Every label is given or missing, never both.
            EXPECT_EQ(sink.seen().size(), 4U) << line;
        }
    }
}

}  // namespace
}  // namespace logi::fields
