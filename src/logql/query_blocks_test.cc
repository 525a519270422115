#include "logql/query_blocks.h"

#include "logql/parser.h"

#include <gtest/gtest.h>

namespace logi::logql {
namespace {

using Tags = std::map<std::string, std::string>;

bool blocks(const std::vector<BlockedQuery>& rules, std::string_view text, const Tags& tags = {}) {
    const auto expr = parse(text);
    EXPECT_TRUE(expr.ok()) << text;
    return QueryBlocks::of(rules)->blocks(text, **expr, tags);
}

TEST(QueryBlocks, Types) {
    const auto type_of = [](std::string_view text) {
        return std::string(query_type(**parse(text)));
    };
    EXPECT_EQ(type_of(R"({a="b"})"), "limited");
    EXPECT_EQ(type_of(R"({a="b"} | json | line_format "x")"), "limited");
    EXPECT_EQ(type_of(R"({a="b"} |= "x")"), "filter");
    EXPECT_EQ(type_of(R"({a="b"} | json | x="y")"), "filter");
    EXPECT_EQ(type_of(R"(sum(rate({a="b"}[1m])))"), "metric");
    EXPECT_EQ(type_of("1 + 1"), "metric");
}

// The number that Loki's documentation has for this query.
TEST(QueryBlocks, HashIsFnv1) {
    EXPECT_EQ(query_hash(R"({stream="stdout",pod="loki-canary-9w49x"})"), 2943214005U);
}

TEST(QueryBlocks, NameTextsByPatternRegexOrHash) {
    const std::string_view query = R"({a="prod"})";
    EXPECT_FALSE(blocks({}, query));
    EXPECT_TRUE(blocks({{.pattern = " {a=\"prod\"}\n"}}, query));
    EXPECT_FALSE(blocks({{.pattern = "prod"}}, query));
    EXPECT_TRUE(blocks({{.pattern = "prod", .regex = true}}, query));
    EXPECT_FALSE(blocks({{.pattern = "^prod", .regex = true}}, query));
    EXPECT_TRUE(blocks({{.pattern = "{a=\"prod\"}", .regex = true}}, query));
    EXPECT_TRUE(blocks({{.hash = query_hash(query)}}, query));
    EXPECT_FALSE(blocks({{.hash = query_hash(query) + 1}}, query));
    EXPECT_TRUE(blocks({{}}, query));
}

TEST(QueryBlocks, TheFirstRuleThatNamesTheTextDecides) {
    const std::string_view query = R"({a="prod"})";
    EXPECT_FALSE(blocks({{.types = {"metric", "filter"}}, {}}, query));
    EXPECT_TRUE(blocks({{.types = {"metric", "limited"}}}, query));
    EXPECT_TRUE(blocks({{.pattern = "other", .types = {"metric"}}, {}}, query));
}

TEST(QueryBlocks, TagsMustAllBeThere) {
    const std::string_view query = R"({a="prod"})";
    const std::vector<BlockedQuery> rules = {{.query_tags = {{"Source", "grafana"}, {"x", "y"}}}};
    EXPECT_FALSE(blocks(rules, query));
    EXPECT_FALSE(blocks(rules, query, {{"source", "Grafana"}}));
    EXPECT_FALSE(blocks(rules, query, {{"source", "Grafana"}, {"x", "z"}}));
    EXPECT_TRUE(blocks(rules, query, {{"source", "Grafana"}, {"x", "y"}, {"more", ""}}));
}

TEST(QueryBlocks, WrongPatternsAreRefused) {
    const auto wrong = QueryBlocks::of({{.pattern = "(", .regex = true}});
    EXPECT_EQ(wrong.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_TRUE(std::string(wrong.status().message()).starts_with("blocked_queries: error parsing"))
        << wrong.status();
}

}  // namespace
}  // namespace logi::logql
