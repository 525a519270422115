#include "regex/required_literals.h"

#include "regex/regex.h"

#include <gtest/gtest.h>

#include <random>

namespace logi::regex {
namespace {

using Texts = std::vector<std::string>;

// Those that are looked for in any case with "i:" in front.
Texts texts_required(std::string_view pattern) {
    Texts texts;
    for (const Literal& literal : required_literals(pattern)) {
        texts.push_back((literal.any_case ? "i:" : "") + literal.text);
    }
    return texts;
}

TEST(RequiredLiterals, OfCommonPatterns) {
    EXPECT_EQ(texts_required("level=(warn|error).*timeout"), Texts{"timeout"});
    EXPECT_EQ(texts_required("(warn|error)"), (Texts{"warn", "error"}));
    EXPECT_EQ(texts_required("user (?P<id>\\d+) logged"), Texts{" logged"});
    EXPECT_EQ(texts_required("10\\.3\\.[0-9]{1,3}"), Texts{"10.3."});
    EXPECT_EQ(texts_required("abc?d{2}ef+?g"), Texts{"ab"});
    EXPECT_EQ(texts_required("a|bcd"), Texts());
    EXPECT_EQ(texts_required("foo|bar(x|y)?baz"), (Texts{"foo", "bar"}));
    EXPECT_EQ(texts_required("(?i)Error"), Texts{"i:error"});
    EXPECT_EQ(texts_required("(?i)disk full"), Texts{"i: full"});  // K and S have third forms
    EXPECT_EQ(texts_required("(?i)été passé"), Texts{"i: pa"});
    EXPECT_EQ(texts_required("a(?i:Bcd)E"), Texts{"i:bcd"});
    EXPECT_EQ(texts_required("(?i)ab(?-i)CDE"), Texts{"CDE"});
    EXPECT_EQ(texts_required("((?i)abc|d?EF)GH"), (Texts{"i:abc", "i:ef"}));
    EXPECT_EQ(texts_required("(?sm-U)abc"), Texts{"abc"});
    EXPECT_EQ(texts_required("(?P<i>abc)"), Texts{"abc"});
    EXPECT_EQ(texts_required("(abc)*"), Texts());
    EXPECT_EQ(texts_required("(abc)+x"), Texts{"abc"});
    EXPECT_EQ(texts_required("x{abc|de}"), (Texts{"x{abc", "de}"}));
    EXPECT_EQ(texts_required("[]abc]de"), Texts{"de"});
    EXPECT_EQ(texts_required("\\Qab\\E|c"), Texts());
}

// Whatever a pattern matches has one of its texts in it.
TEST(RequiredLiterals, HoldForRandomPatterns) {
    std::mt19937 random(11);
    const std::vector<std::string> pieces = {
        "ab",   "ba",   "a",     "b",     "c",     ".",           "a*",   "b+",     "c?",  "(",
        ")",    "|",    "[ab]",  "[^]c]", "\\.",   "\\d",         "a{2}", "b{0,1}", "(?:", "(?P<n>",
        "(?i)", "(?i:", "(?-i)", "AB",    "kS",    "^",           "$",    "\\b",    "{",   "}",
        "*?",   "+?",   "é",     "é*",    "\\Qa.", "[[:alpha:]]", "-",    "*",      "+",   "?"};
    std::size_t matched = 0;
    for (int round = 0; round < 60'000; ++round) {
        std::string pattern;
        for (std::size_t n = 1 + random() % 7; n > 0; --n) {
            pattern += pieces[random() % pieces.size()];
        }
        const auto regex = Regex::compile(pattern, {});
        const std::vector<Literal> required = required_literals(pattern);
        if (!regex.ok() || required.empty()) {
            continue;
        }
        for (int turn = 0; turn < 20; ++turn) {
            std::string text;
            for (std::size_t n = random() % 9; n > 0; --n) {
                text += pieces[random() % 5];
                text += random() % 9 == 0 ? "é" : random() % 9 == 0 ? ".{}" : "";
                text += random() % 20 == 0 ? "\u212a\u017f" : random() % 9 == 0 ? "Ks" : "";
                if (random() % 4 == 0 && text.back() >= 'a' && text.back() <= 'z') {
                    text.back() = static_cast<char>(text.back() ^ 0x20);
                }
            }
            if (!(*regex)->matches(text)) {
                continue;
            }
            ++matched;
            EXPECT_TRUE(std::any_of(required.begin(),
                                    required.end(),
                                    [&](const Literal& r) { return contains(text, r); }))
                << pattern << " matches " << text;
        }
    }
    EXPECT_GT(matched, 10'000U);
}

}  // namespace
}  // namespace logi::regex
