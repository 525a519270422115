#include "fields/pattern_filter.h"
#include "fields/pattern_parser.h"
#include "fields/regexp_parser.h"
#include "fields/test_sink.h"

namespace logi::fields {
namespace {

std::string pattern_fields(const std::string& pattern, std::string_view line) {
    const auto parser = PatternParser::compile(pattern);
    EXPECT_TRUE(parser.ok()) << parser.status();
    TestSink sink;
    parser->parse(line, sink);
    return sink.text();
}

TEST(PatternParser, TakesWhatLiesBetweenLiterals) {
    EXPECT_EQ(pattern_fields("<ip> - <_> [<ts>]", "1.2.3.4 - bob [now] z"), "ip=1.2.3.4|ts=now");
    EXPECT_EQ(pattern_fields("<a> x <b>", "foo"), "a=foo");
    EXPECT_EQ(pattern_fields("<a> <b> <c>", "1 2 3 4"), "a=1|b=2|c=3 4");
    EXPECT_EQ(pattern_fields("[<a>]<b>", "[::1]:8080 and [x]"), "a=::1|b=:8080 and [x]");
    EXPECT_EQ(pattern_fields("nothing <x>", "10.0.0.1 - -"), "");
    EXPECT_EQ(pattern_fields("<_>] <rest>", "[a] \"GET\""), "rest=\"GET\"");
    EXPECT_EQ(pattern_fields("<all>", "2001:db8::1/64"), "all=2001:db8::1/64");
    EXPECT_EQ(pattern_fields("<a>,<b>", "no comma"), "a=no comma");
    EXPECT_EQ(pattern_fields("<a>,<b>", ",x"), "a=|b=x");
    EXPECT_EQ(pattern_fields("<a>", ""), "");
    EXPECT_EQ(pattern_fields("<a b> <1> < <x>", "<a b> <1> < y"), "x=y");
}

TEST(PatternParser, BadPatternsAreNamedInLokisWords) {
    const auto error = [](const char* pattern) {
        return std::string(message_of(PatternParser::compile(pattern).status()));
    };
    EXPECT_EQ(error("x"), "at least one capture is required");
    EXPECT_EQ(error("<_>"), "at least one capture is required");
    EXPECT_EQ(error(""), "at least one capture is required");
    EXPECT_EQ(error("<x><y>"), "found consecutive capture '<x><y>': invalid expression");
    EXPECT_EQ(error("<x> <x>"), "duplicate capture name (x): invalid expression");
}

TEST(PatternFilter, Matches) {
    struct Case {
        const char* pattern;
        const char* line;
        bool matches;
    };
    for (const auto& [pattern, line, matches] :
         std::vector<Case>{{"<_>foo<_>", "foo", false},
                           {"<_>foo<_>", "xfooy", true},
                           {"foo <_>", "a foo b", true},
                           {"<_> bar", "foo bar baz bar", false},
                           {"foo", "foo", true},
                           {"foo", "xfoo", true},
                           {"foo", "foo bar", false},
                           {"foo", "foofoo", false},
                           {"foo<_>", "foo", false},
                           {"foo<_>", "foo=1", true},
                           {"<_>foo", "ends with foo", true},
                           {"<_>foo", "foo", false},
                           {"a<_>b", "ab", false},
                           {"a<_>b", "axb", true},
                           {"first\n<_>", "first\nsecond", true},
                           {"", "", true},
                           {"", "x", false},
                           {"<_>", "", false},
                           {"<_>", "x", true}}) {
        const auto filter = PatternFilter::compile(pattern);
        ASSERT_TRUE(filter.ok()) << filter.status();
        EXPECT_EQ(filter->matches(line), matches) << pattern << " on " << line;
    }
    EXPECT_EQ(PatternFilter::compile("a<_>bc <")->literals(),
              (std::vector<std::string_view>{"a", "bc <"}));
    EXPECT_EQ(message_of(PatternFilter::compile("<x> y").status()),
              "named captures are not allowed: found '<x>'");
    EXPECT_EQ(message_of(PatternFilter::compile("<_><_>").status()),
              "found consecutive capture '<_><_>': invalid expression");
}

TEST(RegexpParser, NamedGroupsOfTheFirstMatch) {
    const auto fields = [](const char* pattern, std::string_view line) {
        const auto parser = RegexpParser::compile(pattern);
        EXPECT_TRUE(parser.ok()) << parser.status();
        TestSink sink;
        Scratch scratch;
        parser->parse(line, sink, scratch);
        return sink.text();
    };
    EXPECT_EQ(fields("(?P<m>GET|POST) (?P<p>/\\S*)", "a POST /x GET /y"), "m=POST|p=/x");
    EXPECT_EQ(fields("(?P<a>\\d+)(?P<b>x)?", "v 2001:db8"), "a=2001|b=");
    EXPECT_EQ(fields("(.)(?P<second>.)(.)", "203"), "second=0");
    EXPECT_EQ(fields("nomatch(?P<x>.)", "203"), "");
    const auto error = [](const char* pattern) {
        return std::string(message_of(RegexpParser::compile(pattern).status()));
    };
    EXPECT_EQ(error("(x)"), "at least one named capture must be supplied");
    EXPECT_EQ(error("(?P<x>"), "error parsing regexp: missing closing ): `(?P<x>`");
    EXPECT_EQ(error("(?P<x>a)(?P<x>b)"), "duplicate extracted label name 'x'");
    EXPECT_EQ(error("(?P<1x>a)"), "invalid extracted label name '1x'");
}

}  // namespace
}  // namespace logi::fields
