#include "regex/regex.h"

#include "base/ascii.h"
#include "regex/line_filter.h"
#include "regex/replace.h"
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

TEST(Substring, AnyCaseOfLetters) {
    EXPECT_EQ(find_any_case("xx ErRoR", "error"), 3U);
    EXPECT_EQ(find_any_case("@[`{", "`"), 2U);  // a bit apart from a letter's case
    EXPECT_EQ(find_any_case("@", "`"), kNotFound);
    std::mt19937 random(2);
    std::size_t hits = 0;
    for (int round = 0; round < 5000; ++round) {
        std::string text(random() % 200, ' ');
        for (auto& c : text) {
            c = "aAbB[{"[random() % 6];
        }
        std::string needle(random() % 6, ' ');
        for (auto& c : needle) {
            c = "ab[{"[random() % 4];
        }
        std::string lower = text;
        std::transform(lower.begin(), lower.end(), lower.begin(), base::to_lower_ascii);
        const std::size_t from = random() % (text.size() + 2);
        const std::size_t expected =
            from > text.size() ? kNotFound : find_portable(lower, needle, from);
        hits += expected == kNotFound ? 0U : 1U;
        EXPECT_EQ(find_any_case(text, needle, from), expected)
            << text << " " << needle << " " << from;
        EXPECT_EQ(from > text.size() ? kNotFound : find_any_case_portable(text, needle, from),
                  expected);
    }
    EXPECT_GT(hits, 500U);
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

TEST(Regex, ErrorsAreGos) {
    const auto error = [](std::string_view pattern) {
        return std::string(message_of(Regex::compile(pattern, {}).status()));
    };
    for (const auto& [pattern, text] : std::vector<std::pair<std::string, std::string>>{
             {"(", "error parsing regexp: missing closing ): `(`"},
             {"(?P<x>", "error parsing regexp: missing closing ): `(?P<x>`"},
             {"[a-", "error parsing regexp: missing closing ]: `[a-`"},
             {"[z-a]", "error parsing regexp: invalid character class range: `z-a`"},
             {"*", "error parsing regexp: missing argument to repetition operator: `*`"},
             {"a{2000}", "error parsing regexp: invalid repeat count: `{2000}`"},
             {"a**", "error parsing regexp: invalid nested repetition operator: `**`"},
             {"a)", "error parsing regexp: unexpected ): `a)`"},
             {"\\8", "error parsing regexp: invalid escape sequence: `\\8`"},
             {"(?P<a-b>x)", "error parsing regexp: invalid named capture: `(?P<a-b>`"}}) {
        EXPECT_EQ(error(pattern), text) << pattern;
    }
}

TEST(Regex, GroupsAndTheirNames) {
    const auto regex = Regex::compile("(?P<a>\\d+)(x)?(?<b>y*)[(?<]|[^]](?<c>z)\\Q(?<d>\\E", {});
    ASSERT_TRUE(regex.ok()) << regex.status();
    EXPECT_EQ((*regex)->group_names(), (std::vector<std::string>{"", "a", "", "b", "c"}));
    std::vector<std::string_view> groups;
    ASSERT_TRUE((*regex)->find("no 12<", 0, groups));
    EXPECT_EQ(groups[0], "12<");
    EXPECT_EQ(groups[1], "12");
    EXPECT_EQ(groups[2].data(), nullptr);
    EXPECT_NE(groups[3].data(), nullptr);
    EXPECT_EQ(groups[3], "");
    EXPECT_EQ(groups[4].data(), nullptr);
    ASSERT_TRUE((*regex)->find("1< wz(?<d>", 2, groups));
    EXPECT_EQ(groups[4], "z");
    EXPECT_FALSE((*regex)->find("1< w", 2, groups));
    const auto anchored = Regex::compile("(a)b", {.dot_matches_newline = false, .anchored = true});
    EXPECT_TRUE((*anchored)->find("ab", 0, groups));
    EXPECT_FALSE((*anchored)->find("abc", 0, groups));
    const auto empty = Regex::compile("()", {});
    EXPECT_TRUE((*empty)->find({}, 0, groups));
    EXPECT_NE(groups[1].data(), nullptr);
}

TEST(Regex, NamedGroupsOnly) {
    Regex::Options options;
    options.named_groups_only = true;
    const auto regex =
        Regex::compile("(a|(b))(?P<x>c)[(](?<y>[^](][[:alpha:](]*)\\((?i:D)\\Q(\\E", options);
    ASSERT_TRUE(regex.ok()) << regex.status();
    EXPECT_EQ((*regex)->group_names(), (std::vector<std::string>{"", "x", "y"}));
    Groups groups;
    ASSERT_TRUE((*regex)->find("-bc(e(f(d(", 0, groups));
    EXPECT_EQ(groups, (Groups{"bc(e(f(d(", "c", "e(f"}));
    const auto bad = Regex::compile("(a)(b", options);
    EXPECT_EQ(message_of(bad.status()), "error parsing regexp: missing closing ): `(a)(b`");
}

TEST(Regex, NestsAsDeepAsInGo) {
    const auto nested = [](std::size_t depth) {
        return std::string(depth, '(') + "a" + std::string(depth, ')');
    };
    EXPECT_TRUE(Regex::compile(nested(999), {}).ok());
    EXPECT_EQ(message_of(Regex::compile(nested(1000), {}).status()),
              "error parsing regexp: expression nests too deeply: `" + nested(1000) + "`");
    EXPECT_TRUE(Regex::compile("[" + std::string(5000, '(') + "]", {}).ok());
}

std::string replaced(const Regex& regex, std::string_view text, const Replacement& replacement) {
    std::string out;
    replace_all(regex, text, replacement, [&](std::string_view piece) {
        out.append(piece);
        return true;
    });
    return out;
}

std::size_t matches_in(const Regex& regex, std::string_view text) {
    std::size_t count = 0;
    for_each_match(regex, text, [&](const Groups&) { return ++count > 0; });
    return count;
}

TEST(Replace, ReferencesAreGos) {
    const auto regex = Regex::compile("(?P<first>a)(b)?", {});
    const auto all = [&](std::string_view text, std::string_view replacement) {
        return replaced(**regex, text, Replacement(**regex, replacement));
    };
    EXPECT_EQ(all("xabya", "<$1|$2>"), "x<a|b>y<a|>");
    EXPECT_EQ(all("ab", "$first-${first}x$firstx"), "a-ax");
    EXPECT_EQ(all("ab", "$1x ${1}x $0 $3 $01 $$1 $ ${ ${1"), " ax ab   $1 $ ${ ${1");
    EXPECT_EQ(replaced(**regex, "ab ab", Replacement("$1")), "$1 $1");
    EXPECT_EQ(all("ab", "$1\xc3\xa9|$1\xe2\x86\x92"), "|a\xe2\x86\x92");  // a letter, an arrow
    EXPECT_EQ(matches_in(**regex, "ab a b"), 2U);
    const auto maybe = Regex::compile("b*", {});
    EXPECT_EQ(replaced(**maybe, "abc\xc3\xa9", Replacement("-")), "-a-c-\xc3\xa9-");
    EXPECT_EQ(matches_in(**maybe, "abc"), 3U);
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
    ASSERT_NE(mixed->plain(), nullptr);
    EXPECT_EQ(mixed->plain()->at(1), (Literal{"err", true}));
    const auto not_plain = LineFilter::regexes({"plain", "ERR+"}, false);
    EXPECT_EQ(not_plain->plain(), nullptr);
    EXPECT_EQ(not_plain->required(), (std::vector<Literal>{{"plain"}, {"ERR"}}));
    // The signs of the kelvin and of the long s.
    const auto folded = LineFilter::regexes({"(?i)mask"}, false);
    EXPECT_TRUE(folded->passes("ma\u017f\u212a"));
    EXPECT_FALSE(LineFilter::regexes({"("}, false).ok());
}

TEST(LineFilter, ManyPatternsMeanWhatEachOfThemMeans) {
    // Scopes of flags, names that come twice, quotes that nobody ends, anchors, and empty ones.
    std::vector<std::string> patterns = {"(?i)err.r",
                                         "w.rn",
                                         "(?P<x>a+)b",
                                         "(?P<x>c+)d",
                                         "^begin.",
                                         "end.$",
                                         "\\Qq(",
                                         "z\\Q.\\E!",
                                         "[)(]x",
                                         "t(a|b)+u",
                                         "g{2}h?i"};
    for (int i = 0; i < 200; ++i) {
        patterns.push_back("n" + std::to_string(i) + "-[a-z]+!");
    }
    const std::vector<std::string> lines = {
        "",        "ERROR",  "eRRoR", "WARN", "warn",     "aab",        "ccd",     "begin!",
        " begin!", "end!",   "end! ", "q(",   "q",        "q()|(?:z.!", "z.!",     "z!",
        "(x",      "tabbau", "tu",    "ggi",  "n17-abc!", "n199-x!",    "n200-x!", "n17-!"};
    for (std::size_t size = 1; size <= patterns.size(); size += size < 15 ? 1 : 37) {
        const std::vector<std::string> some(patterns.end() - static_cast<std::ptrdiff_t>(size),
                                            patterns.end());
        const std::vector<std::string> first(patterns.begin(),
                                             patterns.begin() + static_cast<std::ptrdiff_t>(size));
        for (const auto& any_of : {some, first}) {
            const auto together = LineFilter::regexes(any_of, false);
            ASSERT_TRUE(together.ok()) << together.status();
            for (const std::string& line : lines) {
                const bool expected =
                    std::any_of(any_of.begin(), any_of.end(), [&](const std::string& one) {
                        return (*Regex::compile(one, {}))->matches(line);
                    });
                EXPECT_EQ(together->passes(line), expected) << line << " of " << size;
            }
        }
    }
}

TEST(LineFilter, Functions) {
    const auto even = [](std::string_view line) {
        return line.size() % 2 == 0;
    };
    EXPECT_TRUE(LineFilter::function(even, {}, false).passes("ab"));
    EXPECT_FALSE(LineFilter::function(even, {}, true).passes("ab"));
    EXPECT_TRUE(LineFilter::function(even, {}, true).passes("a"));
    EXPECT_EQ(LineFilter::function(even, {{"x"}}, true).plain(), nullptr);
}

}  // namespace
}  // namespace logi::regex
