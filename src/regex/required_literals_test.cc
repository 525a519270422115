#include "regex/required_literals.h"

#include "regex/regex.h"

#include <gtest/gtest.h>

#include <random>

namespace logi::regex {
namespace {

using Texts = std::vector<std::string>;

TEST(RequiredLiterals, OfCommonPatterns) {
    EXPECT_EQ(required_literals("level=(warn|error).*timeout"), Texts{"timeout"});
    EXPECT_EQ(required_literals("(warn|error)"), (Texts{"warn", "error"}));
    EXPECT_EQ(required_literals("user (?P<id>\\d+) logged"), Texts{" logged"});
    EXPECT_EQ(required_literals("10\\.3\\.[0-9]{1,3}"), Texts{"10.3."});
    EXPECT_EQ(required_literals("abc?d{2}ef+?g"), Texts{"ab"});
    EXPECT_EQ(required_literals("a|bcd"), Texts());
    EXPECT_EQ(required_literals("foo|bar(x|y)?baz"), (Texts{"foo", "bar"}));
    EXPECT_EQ(required_literals("(?i)error"), Texts());
    EXPECT_EQ(required_literals("(abc)*"), Texts());
    EXPECT_EQ(required_literals("(abc)+x"), Texts{"abc"});
    EXPECT_EQ(required_literals("x{abc|de}"), (Texts{"x{abc", "de}"}));
    EXPECT_EQ(required_literals("[]abc]de"), Texts{"de"});
    EXPECT_EQ(required_literals("\\Qab\\E|c"), Texts());
}

// Whatever a pattern matches has one of its texts in it.
TEST(RequiredLiterals, HoldForRandomPatterns) {
    std::mt19937 random(11);
    const std::vector<std::string> pieces = {
        "ab",  "ba",     "a",    "b",     "c",           ".",   "a*",  "b+",   "c?",
        "(",   ")",      "|",    "[ab]",  "[^]c]",       "\\.", "\\d", "a{2}", "b{0,1}",
        "(?:", "(?P<n>", "(?i)", "^",     "$",           "\\b", "{",   "}",    "*?",
        "+?",  "é",      "é*",   "\\Qa.", "[[:alpha:]]", "-",   "*",   "+",    "?"};
    std::size_t matched = 0;
    for (int round = 0; round < 60'000; ++round) {
        std::string pattern;
        for (std::size_t n = 1 + random() % 7; n > 0; --n) {
            pattern += pieces[random() % pieces.size()];
        }
        const auto regex = Regex::compile(pattern, {});
        const Texts required = required_literals(pattern);
        if (!regex.ok() || required.empty()) {
            continue;
        }
        for (int turn = 0; turn < 20; ++turn) {
            std::string text;
            for (std::size_t n = random() % 9; n > 0; --n) {
                text += pieces[random() % 5];
                text += random() % 9 == 0 ? "é" : random() % 9 == 0 ? ".{}" : "";
            }
            if (!(*regex)->matches(text)) {
                continue;
            }
            ++matched;
            EXPECT_TRUE(std::any_of(
                required.begin(),
                required.end(),
                [&](const std::string& r) { return text.find(r) != std::string::npos; }))
                << pattern << " matches " << text;
        }
    }
    EXPECT_GT(matched, 10'000U);
}

}  // namespace
}  // namespace logi::regex
