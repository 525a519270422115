#include "fields/logfmt_expressions.h"
#include "fields/logfmt_parser.h"
#include "fields/test_sink.h"

#include <random>

namespace logi::fields {
namespace {

const LogfmtParser kPlain({});
const LogfmtParser kStrict({.strict = true, .keep_empty = false});
const LogfmtParser kKeepEmpty({.strict = false, .keep_empty = true});

TEST(LogfmtParser, Pairs) {
    expect_fields(kPlain,
                  {{R"(a=1 b="x y" c d= e=f=g)", "a=1|b=x y"},
                   {"level=info\tmsg=tabbed\tstatus=204", "level=info|msg=tabbed|status=204"},
                   {R"(msg="esc \"q\" \n \u00e9 \ud83d\ude00 \ud800" k=v)",
                    "msg=esc \"q\" \n \xc3\xa9 \xf0\x9f\x98\x80  |k=v"},
                   {"msg='single quoted value' z=1", "msg='single|z=1"},
                   {R"(msg="ok"trailing=1 w=2)", "msg=ok|trailing=1|w=2"},
                   {"msg=\"multi\nline value\" k=v", "msg=multi\nline value|k=v"},
                   {"a=1 a=2", "a=1|a=2"},
                   {"\xd0\xb4\xd0\xbe\xd0\xbc=house key-dash=1 9n=3 k@y=4",
                    "___=house|key_dash=1|_9n=3|k_y=4"},
                   {"a=\xff b=\"\xff\\n\" c=\xef\xbf\xbd", "a= |b= \n|c= "},
                   {"k\xff=1 b=2", "b=2"},
                   {"no pairs in this line at all", ""},
                   {"   ", ""},
                   {"", ""}});
    expect_fields(
        kKeepEmpty,
        {{"a= b", "a=|b="},
         {R"(level=info debug empty= quoted="" x=1)", "level=info|debug=|empty=|quoted=|x=1"}});
}

TEST(LogfmtParser, MalformedPairsArePassedOver) {
    expect_fields(kPlain,
                  {{"level=info foo=bar=buzz after=ok", "level=info|after=ok"},
                   {"=novalue level=warn", "level=warn"},
                   {"level=error fo\"o=bar y=2", "level=error|y=2"},
                   {"level=error msg=\"unclosed quote status=500", "level=error"},
                   {"level=info   spaced    =   bad ok=1", "level=info|ok=1"},
                   {R"(msg="esc \x41" k=v)", "k=v"},
                   {"url=http://h/p?a=b&c=d q=\"x=y z\" done=true", "q=x=y z|done=true"},
                   {"a=\"\\", ""}});
}

TEST(LogfmtParser, StrictNamesTheFirstDefect) {
    const std::string e = "LogfmtParserErr: logfmt syntax error at pos ";
    expect_fields(kStrict,
                  {{"level=info foo=bar=buzz after=ok", "level=info|" + e + "19 : unexpected '='"},
                   {"=novalue level=warn x=1", e + "1 : unexpected '='"},
                   {"level=error fo\"o=bar y=2", "level=error|" + e + "15 : unexpected '\"'"},
                   {"level=error msg=\"unclosed quote status=500",
                    "level=error|" + e + "43 : unterminated quoted value"},
                   {R"(a=1 b="\x")", "a=1|" + e + "11 : invalid quoted value"},
                   {"k\xff=1", e + "3 : invalid key"},
                   {"level=info debug empty= x=1", "level=info|x=1"}});
}

TEST(LogfmtParser, SinkStopsAndSkips) {
    Scratch scratch;
    TestSink sink;
    sink.stop_after = 2;
    sink.unwanted = "b";
    EXPECT_TRUE(kStrict.parse("a=1 b=2 c=3 d=\"", sink, scratch).ok());
    EXPECT_EQ(sink.text(), "a=1|c=3");
}

TEST(LogfmtExpressions, LastValueOfAKeyStays) {
    const auto compile = [](const std::vector<Extraction>& extractions, bool strict = false) {
        return *LogfmtExpressions::compile(extractions, {.strict = strict, .keep_empty = false});
    };
    EXPECT_EQ(fields_of(compile({{"x", "a"}}), "b=1"), "x!");
    EXPECT_EQ(fields_of(compile({{"a", "a"}}), "a=1 a=2 a="), "a!|a:=1|a:=2");
    EXPECT_EQ(fields_of(compile({{"x", "key_dash"}, {"y", " \"k\" "}, {"z", "_9n"}}),
                        "key-dash=1 k=\"\xff\" 9n=3"),
              "x!|y!|z!|x:=1|y:= |z:=3");
    EXPECT_EQ(fields_of(compile({{"y", "y"}}, true), "fo\"o=bar y=2"),
              "y!|LogfmtParserErr: logfmt syntax error at pos 3 : unexpected '\"'");
}

TEST(LogfmtExpressions, BadExpressionsAreNamedInLokisWords) {
    const auto error = [](const std::string& expression) {
        return std::string(
            message_of(LogfmtExpressions::compile({{"x", expression}}, {}).status()));
    };
    EXPECT_EQ(error("key-dash"), "cannot parse expression [key-dash]: unexpected char -");
    EXPECT_EQ(error("my.key"), "cannot parse expression [my.key]: unexpected char .");
    EXPECT_EQ(error("a=b"), "cannot parse expression [a=b]: unexpected char =");
    EXPECT_EQ(error("a b"), "cannot parse expression [a b]: syntax error: unexpected KEY");
    EXPECT_EQ(error(""), "cannot parse expression []: syntax error: unexpected $end");
    EXPECT_EQ(error("\"a b\""), "cannot parse expression [\"a b\"]: unexpected char  ");
}

TEST(LogfmtParser, HostileInput) {
    const std::string good = R"(ts=2024 level=info msg="a \"b\" \u00e9" k= z "q=" é=1)";
    std::mt19937 random(3);
    constexpr std::string_view kBytes = "=\"\\ u\x01\xff\xc3\xd8";
    for (int round = 0; round < 20'000; ++round) {
        std::string line = good.substr(0, random() % (good.size() + 1));
        for (std::size_t changes = random() % 4; changes > 0 && !line.empty(); --changes) {
            line[random() % line.size()] = kBytes[random() % kBytes.size()];
        }
        const std::vector<char> exact(line.begin(), line.end());
        const std::string_view view(exact.data(), exact.size());
        Scratch scratch;
        TestSink lenient;
        TestSink strict;
        (void)kPlain.parse(view, lenient, scratch);
        const bool ok = kStrict.parse(view, strict, scratch).ok();
        // Strict gives the same up to the first defect, and all if there is none.
        EXPECT_TRUE(lenient.text().starts_with(strict.text())) << line;
        EXPECT_TRUE(!ok || lenient.text() == strict.text()) << line;
    }
}

}  // namespace
}  // namespace logi::fields
