#include "logql/parser.h"

#include <gtest/gtest.h>

namespace logi::logql {
namespace {

std::string error_of(const char* query) {
    const auto parsed = parse(query);
    return parsed.ok() ? "" : std::string(parsed.status().message());
}

TEST(Parser, LogQueries) {
    const auto parsed =
        parse("{app=\"x\", pod!~`a|b`} # comment\n |= \"y\" or `z` != \"no\" |~ \"(?i)e\"");
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    const auto& log = std::get<LogExpr>((*parsed)->node);
    EXPECT_EQ(log.matchers.size(), 2U);
    ASSERT_EQ(log.filters.size(), 3U);
    EXPECT_EQ(log.filters[0].any_of, (std::vector<std::string>{"y", "z"}));
}

TEST(Parser, MetricQueries) {
    const auto parsed =
        parse("SUM by (app, rate) (Rate({a=\"b\"} |= \"x\" [1h30m] offset -5m)) / 2 + vector(1)");
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    const auto& add = std::get<BinaryExpr>((*parsed)->node);
    const auto& div = std::get<BinaryExpr>(add.left->node);
    const auto& sum = std::get<VectorAggregation>(div.left->node);
    EXPECT_EQ(sum.grouping.labels, (std::vector<std::string>{"app", "rate"}));
    const auto& rate = std::get<RangeAggregation>(sum.inner->node);
    EXPECT_EQ(rate.range, Duration::minutes(90));
    EXPECT_EQ(rate.offset, Duration::minutes(-5));
    EXPECT_TRUE(parse("sum(count_over_time({a=\"b\"}[1d] |= \"x\")) without (c)").ok());
    EXPECT_TRUE(parse("vector(1)+vector(1)").ok());
}

TEST(Parser, Refusals) {
    EXPECT_EQ(error_of(""), "parse error : syntax error: unexpected $end");
    for (const char* query : {"{}", "{a=~\".*\"}", "{a!=\"b\"}", "{a=\"\"}"}) {
        EXPECT_NE(error_of(query).find("queries require at least one regexp or equality matcher"),
                  std::string::npos)
            << query;
    }
    EXPECT_TRUE(parse("{a!=\"\"}").ok());
    for (const char* query : {"{a=\"b\",}",
                              "{a=b}",
                              "{a=\"b\"",
                              "{a=\"b\"} |= ",
                              "rate({a=\"b\"})",
                              "rate({a=\"b\"}[1.5h])",
                              "rate({a=\"b\"}[ 5m ])",
                              "rate({a=\"b\"}[5m)",
                              "sum({a=\"b\"})",
                              "{a=\"b\"} + 1",
                              "{a=\"b\"} x",
                              "{a=~\"(\"}",
                              "(",
                              "1 +"}) {
        EXPECT_NE(error_of(query).find("parse error"), std::string::npos) << query;
    }
    EXPECT_NE(error_of("{a=\"b\"} | json").find("json"), std::string::npos);
    EXPECT_NE(error_of(std::string(100'000, '(').c_str()).find("nested too deeply"),
              std::string::npos);
}

TEST(Parser, Selectors) {
    EXPECT_EQ(parse_selector("{a=\"b\"}")->size(), 1U);
    EXPECT_FALSE(parse_selector("{}").ok());
    EXPECT_EQ(parse_selector("rate({a=\"b\"}[1m])").status().message(),
              "only label matchers are supported");
    EXPECT_EQ(parse_selector("{a=\"b\"} |= \"x\"").status().message(),
              "only label matchers are supported");
}

}  // namespace
}  // namespace logi::logql
