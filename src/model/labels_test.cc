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

TEST(Labels, RefusesWhatIsNotALabelSet) {
    for (const char* text : {"",
                             "{",
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
