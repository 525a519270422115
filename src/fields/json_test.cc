#include "base/utf8.h"
#include "fields/json_parser.h"
#include "fields/test_sink.h"

#include <random>

namespace logi::fields {
namespace {

constexpr const char* kNoObject =
    "JSONParserErr: Value looks like object, but can't find closing '}' symbol";
constexpr const char* kCut = "JSONParserErr: Value is array, but can't find closing ']' symbol";

TEST(JsonParser, FlattensAndSanitises) {
    expect_fields(
        JsonParser(),
        {{R"({"a":{"b-c":1},"d":[1],"e":null,"f":true,"1x":"y"})", "a_b_c=1|f=true|_1x=y"},
         {R"({"deep":{"a":{"b":{"c":{"d":"bottom"}}}},"o":{},"s":""})", "deep_a_b_c_d=bottom|s="},
         {R"({"":"empty key","9lives":"cat","user agent":"curl","x-y":"dash","a.b":{"c-d":1}})",
          "_9lives=cat|user_agent=curl|x_y=dash|a_b_c_d=1"},
         {R"({"ключ":"cyr","é":"e"," a ":1,"   ":2})", "____=cyr|_=e|a=1"},
         {R"({"a":{"1x":1," ":{"b":2}},"":{"2":3,"":{"":4}}})", "a_1x=1|a_b=2|_2=3"},
         {R"({"\u0062":1,"a\nb":2})", "b=1|a_b=2"}});
}

TEST(JsonParser, ValuesAreAsTheyStand) {
    expect_fields(JsonParser(),
                  {{R"({"n":12345678901234567890,"neg":-0,"exp":1E-7,"over":1e400,"odd":1x"})",
                    "n=12345678901234567890|neg=-0|exp=1E-7|over=1e400|odd=1x\""},
                   {R"({"s":"line1\nline2\ttab \"q\" back\\slash \/ \u00e9 \ud83d\ude00"})",
                    "s=line1\nline2\ttab \"q\" back\\slash / \xc3\xa9 \xf0\x9f\x98\x80"},
                   {R"({"lone":"\ud800x","bad":"\x","cut":"\u00","low":"\udc00\udc00","ok":"\\"})",
                    "lone=|bad=|cut=|low= |ok=\\"},
                   {"{\"a\":\"\xff\xc3\xa9\xef\xbf\xbdz\",\"b\":\"\\ufffd\\n\xff\"}",
                    "a= \xc3\xa9 z|b= \n "}});
    TestSink sink;
    Scratch scratch;
    EXPECT_TRUE(JsonParser().parse("{\"nul\":\"a\\u0000b\"}", sink, scratch).ok());
    EXPECT_EQ(sink.text(), std::string("nul=a\0b", 7));
}

TEST(JsonParser, IsAsLenientAsLoki) {
    expect_fields(JsonParser(),
                  {{R"({"a":1,"a":2})", "a=1|a=2"},
                   {R"({"msg":"trailing",})", "msg=trailing"},
                   {R"({"k":2} tail)", "k=2"},
                   {R"( {"msg" : "spaces" , "num" :  7 })", "msg=spaces|num=7"},
                   {"{\n \"a\": 1\n}", "a=1"},
                   {"{}", ""}});
}

TEST(JsonParser, DefectsKeepWhatWasBefore) {
    const std::string no_object = kNoObject;
    expect_fields(
        JsonParser(),
        {{"", no_object},
         {"plain", no_object},
         {"[1]", no_object},
         {"\"text\"", no_object},
         {"null", no_object},
         {"{'a':1}", no_object},
         {"{", "JSONParserErr: Malformed JSON error"},
         {R"({"a":1)", std::string("a=1|") + kCut},
         {R"({"a":1,)", std::string("a=1|") + kCut},
         {R"({"a":1 "b":2})", "a=1|" + no_object},
         {R"({"a":1,"o":{"id":77,"tot)", "a=1|" + no_object},
         {R"({"a":1,"l":[2)", std::string("a=1|") + kCut},
         {R"({"a":"x)", "JSONParserErr: Value is string, but can't find closing '\"' symbol"},
         {R"({"a":tru})", "JSONParserErr: Unknown value type"},
         {R"({"a":1,"\q":2})",
          "a=1|JSONParserErr: Encountered an invalid escape sequence in a string"},
         {R"({"a" 1})", "JSONParserErr: Malformed JSON error"},
         {R"({"o":{"a":1,"b"},"c":2})", "o_a=1|JSONParserErr: Malformed JSON error"}});
}

TEST(JsonParser, SinkStopsAndSkips) {
    Scratch scratch;
    TestSink first;
    first.stop_after = 1;
    EXPECT_TRUE(JsonParser().parse(R"({"a":{"b":1},"c":2,broken)", first, scratch).ok());
    EXPECT_EQ(first.text(), "a_b=1");
    TestSink without;
    without.unwanted = "a";
    EXPECT_TRUE(JsonParser().parse(R"({"a":{"b":1,broken},"c":2,"a":3})", without, scratch).ok());
    EXPECT_EQ(without.text(), "c=2");
}

class PathSink : public TestSink {
  public:
    bool add_at(absl::Span<const std::string_view> path,
                std::string_view name,
                std::string_view value) override {
        std::string joined;
        for (const auto& key : path) {
            joined.append("/").append(key);
        }
        return add(std::string(name) + joined, value);
    }
};

TEST(JsonParser, PathsAreTheKeys) {
    PathSink sink;
    Scratch scratch;
    EXPECT_TRUE(JsonParser().parse(R"({"x y":{"\u00e9":{"k":1}},"b":2})", sink, scratch).ok());
    EXPECT_EQ(sink.text(), "x_y___k/x y/\xc3\xa9/k=1|b/b=2");
}

TEST(JsonParser, DepthIsLimited) {
    const auto nested = [](std::size_t depth) {
        std::string line;
        for (std::size_t i = 0; i < depth; ++i) {
            line += "{\"a\":";
        }
        return line + "1" + std::string(depth, '}');
    };
    EXPECT_TRUE(fields_of(JsonParser(), nested(kJsonDepthMax)).ends_with("a_a=1"));
    EXPECT_EQ(fields_of(JsonParser(), nested(kJsonDepthMax + 1)),
              "JSONParserErr: objects are nested too deeply");
    EXPECT_EQ(fields_of(JsonParser(), nested(100'000)),
              "JSONParserErr: objects are nested too deeply");
}

// Whatever is cut or changed: names and values are well-formed and lie in the line's bounds.
TEST(JsonParser, HostileInput) {
    const std::string good =
        R"({"level":"info","n":{"a":[1,{"b":"c\n"}],"d":{"e":"\u00e9","f":-1.5e3}},"k":null})";
    std::mt19937 random(7);
    constexpr std::string_view kBytes = "{}[]\",:\\ x1\xff\x80n\n";
    for (int round = 0; round < 20'000; ++round) {
        std::string line = good.substr(0, random() % (good.size() + 1));
        for (std::size_t changes = random() % 4; changes > 0 && !line.empty(); --changes) {
            line[random() % line.size()] = kBytes[random() % kBytes.size()];
        }
        // A heap block of exactly this size, so that the sanitizer sees each byte too far.
        const std::vector<char> exact(line.begin(), line.end());
        TestSink sink;
        Scratch scratch;
        (void)JsonParser().parse({exact.data(), exact.size()}, sink, scratch);
        for (const auto& item : sink.seen()) {
            const std::size_t name_end = item.find('=');
            for (const char c : item.substr(0, name_end)) {
                ASSERT_TRUE(c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z')) << line;
            }
        }
    }
}

}  // namespace
}  // namespace logi::fields
