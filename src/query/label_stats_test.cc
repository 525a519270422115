#include "query/label_stats.h"

#include "query/test_sources.h"

#include <gtest/gtest.h>

namespace logi::query {
namespace {

Labels labels(const char* text) {
    return *Labels::parse(text);
}

TEST(LabelStats, SeriesAreOfTheRangeAndOfAnySelector) {
    const TestSegment a({{labels(R"({app="a"})"), 10, "x", {}},
                         {labels(R"({app="a"})"), 20, "x", {}},
                         {labels(R"({app="b"})"), 15, "x", {}}});
    const TestSegment b(
        {{labels(R"({app="a"})"), 30, "x", {}}, {labels(R"({app="c"})"), 31, "x", {}}});
    const exec::Sources sources = {a.source(), b.source()};
    const auto texts = [&](std::vector<std::vector<Matcher>> selectors, TimeRange range) {
        std::string text;
        const auto found = series(sources, selectors, range);
        EXPECT_TRUE(found.ok() && found->missing.empty());
        for (const auto& stream : found->labels) {
            text += stream.get("app");
        }
        return text;
    };
    EXPECT_EQ(texts({}, {{0}, {100}}), "abc");
    EXPECT_EQ(texts({}, {{15}, {16}}), "ab");
    EXPECT_EQ(texts({}, {{21}, {30}}), "");
    EXPECT_EQ(texts({}, {{30}, {31}}), "a");
    const auto app = [](const char* value) {
        return std::vector<Matcher>{*Matcher::make("app", MatchOp::kRegex, value)};
    };
    EXPECT_EQ(texts({app("a|c"), app("a")}, {{0}, {100}}), "ac");
    EXPECT_EQ(texts({app("x")}, {{0}, {100}}), "");
}

TEST(LabelStats, NamesAndValues) {
    const std::vector<Labels> streams = {labels(R"({b="2", a="1"})"), labels(R"({b="1"})")};
    EXPECT_EQ(label_names(streams), (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(label_values(streams, "b"), (std::vector<std::string>{"1", "2"}));
    EXPECT_EQ(label_values(streams, "c"), (std::vector<std::string>{}));
}

// The values of a label over streams; whether it is of use.
bool is_useful(const char* name, const std::vector<std::string>& values) {
    std::vector<Labels> streams;
    for (const auto& value : values) {
        streams.push_back(Labels::from_pairs({{name, value}}));
    }
    const auto useful = useful_labels(streams);
    EXPECT_TRUE(useful.empty() || useful.front().values == values.size());
    return !useful.empty();
}

TEST(LabelStats, LabelsOfIdsAreOfNoUse) {
    EXPECT_TRUE(is_useful("zone", {"a", "b"}));
    EXPECT_TRUE(is_useful("zone", {"1", "2", "c"}));
    EXPECT_FALSE(is_useful("zone", {"1", "2"}));
    EXPECT_FALSE(is_useful("zone", {"1.5", "-2e3"}));
    EXPECT_FALSE(is_useful("zone", {"5"}));
    EXPECT_TRUE(is_useful("zone", {"0", "1"}));
    EXPECT_TRUE(is_useful("zone", {"1"}));
    EXPECT_FALSE(is_useful("zone", {"0", "1", "2"}));
    EXPECT_FALSE(is_useful("zone", {"01234567-89ab-cdef-0123-456789ABCDEF", "7"}));
    EXPECT_FALSE(is_useful("zone", {"{01234567-89ab-cdef-0123-456789abcdef}"}));
    EXPECT_FALSE(is_useful("zone", {"urn:uuid:01234567-89ab-cdef-0123-456789abcdef"}));
    EXPECT_FALSE(is_useful("zone", {"0123456789abcdef0123456789abcdef"}));
    EXPECT_TRUE(is_useful("zone", {"01234567-89ab-cdef-0123-456789abcdeg"}));
    EXPECT_TRUE(is_useful("zone", {"01234567-89ab-cdef-01234-56789abcdef"}));
    EXPECT_TRUE(is_useful("zone", {"01234567-89ab-cdef-0123-456789abcdef-1"}));
    EXPECT_TRUE(is_useful("zone", {"01234567-89ab-cdef-0123"}));
    for (const char* name : {"cluster", "namespace", "instance", "pod"}) {
        EXPECT_TRUE(is_useful(name, {"1", "2"})) << name;
    }
}

}  // namespace
}  // namespace logi::query
