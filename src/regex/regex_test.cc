#include "regex/regex.h"

#include "regex/line_filter.h"
#include "regex/substring.h"

#include <gtest/gtest.h>

#include <random>

namespace logi::regex {
namespace {

TEST(Substring, BothPathsAgreeOnRandomText) {
    std::mt19937 random(1);
    for (int round = 0; round < 3000; ++round) {
        std::string text(random() % 200, ' ');
        for (auto& c : text) {
            c = static_cast<char>('a' + random() % 3);
        }
        std::string needle(random() % 6, ' ');
        for (auto& c : needle) {
            c = static_cast<char>('a' + random() % 3);
        }
        const std::size_t from = random() % (text.size() + 2);
        const std::size_t expected =
            from > text.size() ? kNotFound : find_portable(text, needle, from);
        EXPECT_EQ(regex::find(text, needle, from), expected)
            << text << " " << needle << " " << from;
    }
}

TEST(Regex, AnchorsAndNewlines) {
    const auto anchored = Regex::compile("a.c", {.dot_matches_newline = true, .anchored = true});
    ASSERT_TRUE(anchored.ok());
    EXPECT_TRUE((*anchored)->matches("a\nc"));
    EXPECT_FALSE((*anchored)->matches("xabc"));
    const auto free = Regex::compile("a.c", {});
    EXPECT_TRUE((*free)->matches("xabcx"));
    EXPECT_FALSE((*free)->matches("a\nc"));
    EXPECT_EQ(Regex::compile("(", {}).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(LineFilter, AlternativesAndNegation) {
    const auto any = LineFilter::substrings({"foo", "bar"}, false);
    EXPECT_TRUE(any.passes("a bar"));
    EXPECT_FALSE(any.passes("baz"));
    const auto neither = LineFilter::substrings({"foo", "bar"}, true);
    EXPECT_FALSE(neither.passes("a bar"));
    EXPECT_TRUE(neither.passes("baz"));
    const auto none = LineFilter::substrings({""}, true);
    EXPECT_FALSE(none.passes("x"));
    const auto mixed = LineFilter::regexes({"plain", "(?i)ERR"}, false);
    ASSERT_TRUE(mixed.ok());
    EXPECT_TRUE(mixed->passes("an err"));
    EXPECT_TRUE(mixed->passes("plain"));
    EXPECT_EQ(mixed->plain(), nullptr);
    EXPECT_FALSE(LineFilter::regexes({"("}, false).ok());
}

}  // namespace
}  // namespace logi::regex
