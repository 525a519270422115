#include "model/labels.h"

#include "model/matcher.h"

#include <gtest/gtest.h>

namespace logi {
namespace {

TEST(Labels, ParsePrintsCanonically) {
    const auto labels = Labels::parse("{ b = \"2\",a=\"x\\\"y\\n\", empty=\"\",c=`raw\\`, }");
    ASSERT_TRUE(labels.ok()) << labels.status();
    EXPECT_EQ(labels->to_string(), "{a=\"x\\\"y\\n\", b=\"2\", c=\"raw\\\\\"}");
    EXPECT_EQ(Labels::parse(labels->to_string())->id(), labels->id());
    EXPECT_EQ(Labels::parse("foo{a=\"b\"}")->get("__name__"), "foo");
    EXPECT_EQ(Labels::parse("{\"a.b\"=\"c\"}")->get("a.b"), "c");
    EXPECT_TRUE(Labels::parse("{}")->empty());
}

// Position and words as a real Loki answered them.
TEST(Labels, ErrorsSayWhatPrometheusSays) {
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"{a-b=\"c\"}", "1:3: parse error: unexpected character inside braces: '-'"},
        {"{1a=\"c\"}", "1:2: parse error: unexpected character inside braces: '1'"},
        {"{a b=\"c\"}",
         "1:4: parse error: unexpected identifier \"b\" in label set, expected \"=\""},
        {"{\xc3\xa9=\"c\"}", "1:2: parse error: unexpected character inside braces: '\xc3\xa9'"},
        {"{=\"c\"}",
         "1:2: parse error: unexpected \"=\" in label set, expected identifier or \"}\""},
        {"{a:b=\"c\"}", "1:3: parse error: unexpected character inside braces: ':'"},
        {"{a=\"b\"", "1:7: parse error: unexpected end of input inside braces"},
        {"a=\"b\"", "1:2: parse error: unexpected \"=\""},
        {"{a=b}", "1:4: parse error: unexpected identifier \"b\" in label set, expected string"},
        {"{a=\"\xff\"}", "1:4: parse error: invalid UTF-8 rune"},
        {"{a=\"b\"\n c=\"d\"}",
         "2:2: parse error: unexpected identifier \"c\" in label set, expected \",\" or \"}\""},
    };
    for (const auto& [text, message] : cases) {
        EXPECT_EQ(parse_label_pairs(text).status().message(), message) << text;
    }
}

TEST(Labels, TakesWhatPrometheusTakes) {
    EXPECT_TRUE(Labels::parse("")->empty());
    EXPECT_EQ(Labels::parse("{a='b\\'\"',}")->get("a"), "b'\"");
    EXPECT_EQ(Labels::parse("{a=\"\\xff\"}")->get("a"), "\xff");
    EXPECT_EQ(parse_label_pairs("{a=\"b\", a=\"\"}")->size(), 2U);
    // A quoted name must not read like two pairs.
    const auto odd = Labels::parse("{\"a=\\\"1\\\", b\"=\"2\"}");
    ASSERT_TRUE(odd.ok());
    EXPECT_EQ(odd->size(), 1U);
    EXPECT_NE(odd->id(), Labels::parse("{a=\"1\", b=\"2\"}")->id());
    EXPECT_EQ(*Labels::parse(odd->to_string()), *odd);
}

TEST(Labels, LongTextsTakeLinearTime) {
    const std::string name(2'000'000, 'a');
    EXPECT_EQ(Labels::parse("{" + name + "=\"b\"}")->get(name), "b");
    EXPECT_FALSE(Labels::parse(name).ok() && Labels::parse("{" + name).ok());
}

TEST(Labels, RefusesWhatIsNotALabelSet) {
    for (const char* text : {"{",
                             "{a}",
                             "{a=}",
                             "{a=b}",
                             "{a=\"b\"",
                             "{a=\"b\" c=\"d\"}",
                             "{1a=\"b\"}",
                             "{a=\"b\"} x",
                             "{a=\"\\z\"}",
                             "{a=\"\\ud800\"}",
                             "{a=\"b}"}) {
        EXPECT_FALSE(Labels::parse(text).ok()) << text;
    }
}

TEST(Labels, QuotedTextComesBack) {
    for (const std::string text : {"plain", "\x01\x7f\xff\xc3\x28", "\xc3\xa9 \\ \" \t", ""}) {
        std::size_t length = 0;
        const std::string quoted = go_quote(text);
        const auto back = go_unquote_prefix(quoted + "rest", length);
        ASSERT_TRUE(back.ok()) << quoted;
        EXPECT_EQ(*back, text);
        EXPECT_EQ(length, quoted.size());
    }
}

TEST(Matcher, AbsentLabelsAreEmptyAndRegexesAnchored) {
    const auto labels = *Labels::parse("{a=\"bc\"}");
    const auto check = [&](const char* name, MatchOp op, const char* value) {
        return matches_all({*Matcher::make(name, op, value)}, labels);
    };
    EXPECT_TRUE(check("a", MatchOp::kEqual, "bc"));
    EXPECT_FALSE(check("a", MatchOp::kRegex, "b"));
    EXPECT_TRUE(check("a", MatchOp::kRegex, "b."));
    EXPECT_TRUE(check("x", MatchOp::kEqual, ""));
    EXPECT_TRUE(check("x", MatchOp::kNotRegex, ".+"));
    EXPECT_FALSE(Matcher::make("a", MatchOp::kRegex, "(").ok());
}

}  // namespace
}  // namespace logi
