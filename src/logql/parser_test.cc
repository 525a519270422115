#include "logql/parser.h"

#include "logql/printer.h"
#include "logql/tree.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

namespace logi::logql {
namespace {

using Strings = std::vector<std::string>;

ExprPtr tree_of(const std::string& query) {
    auto parsed = parse(query);
    EXPECT_TRUE(parsed.ok()) << parsed.status() << "\n" << query;
    return parsed.ok() ? *std::move(parsed) : std::make_unique<Expr>(Expr{Literal{}});
}

template <typename Node>
const Node& as(const Expr& expr) {
    return std::get<Node>(expr.node);
}

// Queries written in two ways.
void expect_alike(const std::vector<std::pair<std::string, std::string>>& rows) {
    for (const auto& [a, b] : rows) {
        EXPECT_EQ(to_string(*tree_of(a)), to_string(*tree_of(b))) << a;
    }
}

TEST(Parser, Selectors) {
    const auto tree = tree_of("{app=\"x\", pod!~`a|b`, rate!=\"\", a=~\"c.+\", a=\"2\"}");
    const auto& matchers = as<LogExpr>(*tree).matchers;
    ASSERT_EQ(matchers.size(), 5U);
    EXPECT_EQ(matchers[1].op(), MatchOp::kNotRegex);
    EXPECT_EQ(matchers[1].value(), "a|b");
    EXPECT_EQ(matchers[2].name(), "rate");
    EXPECT_TRUE(parse("{a=~\"(?<x>y)\"}").ok());
    EXPECT_TRUE(parse("{a!=\"\"}").ok());
    EXPECT_TRUE(parse("{a=~\".+\", b=~\".*\"}").ok());
}

TEST(Parser, LineFilters) {
    const auto tree = tree_of(
        "{a=\"b\"} |= \"x\" or ip(\"::1\") or `y` != \"p\" or \"q\" |~ \"r\" |> \"<_> s\" or "
        "\"t\"");
    const auto& stages = as<LogExpr>(*tree).stages;
    ASSERT_EQ(stages.size(), 5U);
    const auto& first = std::get<LineFilterStage>(stages[0]);
    ASSERT_EQ(first.any_of.size(), 3U);
    EXPECT_TRUE(first.any_of[1].ip);
    EXPECT_EQ(first.any_of[1].text, "::1");
    EXPECT_FALSE(first.any_of[2].ip);
    // Neither p nor q: two filters.
    EXPECT_EQ(std::get<LineFilterStage>(stages[2]).op, FilterOp::kNotContains);
    EXPECT_EQ(std::get<LineFilterStage>(stages[2]).any_of[0].text, "q");
    EXPECT_EQ(std::get<LineFilterStage>(stages[4]).any_of.size(), 2U);
}

TEST(Parser, Stages) {
    const auto tree = tree_of(
        "{a=\"b\"} | json | json x, y=\"z[0]\" | logfmt --keep-empty --strict p | pattern `<q>` | "
        "regexp \"(?P<r>.)\" | unpack | line_format \"{{.a}}\" | label_format a=b, c=\"d\" | "
        "decolorize | drop e, f=~\"g\" | keep h | i=\"j\"");
    const auto& stages = as<LogExpr>(*tree).stages;
    ASSERT_EQ(stages.size(), 12U);
    EXPECT_TRUE(std::get<JsonStage>(stages[0]).extractions.empty());
    const auto& json = std::get<JsonStage>(stages[1]).extractions;
    EXPECT_EQ(json[0].path, "x");
    EXPECT_EQ(json[1].path, "z[0]");
    const auto& logfmt = std::get<LogfmtStage>(stages[2]);
    EXPECT_TRUE(logfmt.strict && logfmt.keep_empty);
    EXPECT_EQ(logfmt.extractions[0].name, "p");
    EXPECT_EQ(std::get<PatternStage>(stages[3]).pattern, "<q>");
    const auto& format = std::get<LabelFormatStage>(stages[7]).assignments;
    EXPECT_TRUE(format[0].rename);
    EXPECT_FALSE(format[1].rename);
    const auto& drop = std::get<DropStage>(stages[9]).items;
    EXPECT_FALSE(drop[0].matcher.has_value());
    EXPECT_EQ(drop[1].matcher->op(), MatchOp::kRegex);
    EXPECT_EQ(std::get<KeepStage>(stages[10]).items[0].name, "h");
}

TEST(Parser, LabelFilterValues) {
    const auto tree = tree_of(
        "{a=\"b\"} | a=\"x\" | b!=ip(\"10.0.0.0/8\") | c>=1e3 | d<-1.5h | e==1536B | f=+2 | g!=-1 "
        "| "
        "h=0x1f4 | rate>1 | ip=ip(\"::1\")");
    const auto& stages = as<LogExpr>(*tree).stages;
    ASSERT_EQ(stages.size(), 10U);
    const auto node = [&](std::size_t i) -> const auto& {
        return std::get<LabelFilterStage>(stages[i]).filter->node;
    };
    EXPECT_EQ(std::get<Matcher>(node(0)).to_string(), "a=\"x\"");
    EXPECT_TRUE(std::get<IpFilter>(node(1)).negated);
    EXPECT_EQ(std::get<IpFilter>(node(1)).pattern, "10.0.0.0/8");
    EXPECT_EQ(std::get<NumberFilter>(node(2)).value, 1000);
    EXPECT_EQ(std::get<NumberFilter>(node(2)).op, CompareOp::kGreaterEqual);
    EXPECT_EQ(std::get<DurationFilter>(node(3)).value, Duration::minutes(-90));
    EXPECT_EQ(std::get<BytesFilter>(node(4)).value, 1500U);
    EXPECT_EQ(std::get<NumberFilter>(node(5)).value, 2);
    EXPECT_EQ(std::get<NumberFilter>(node(6)).value, -1);
    EXPECT_EQ(std::get<NumberFilter>(node(6)).op, CompareOp::kNotEqual);
    EXPECT_EQ(std::get<NumberFilter>(node(7)).value, 0);
    EXPECT_EQ(std::get<NumberFilter>(node(8)).name, "rate");
}

// "and" binds tighter than "or"; comma and juxtaposition take all that follows.
TEST(Parser, LabelFilterPrecedence) {
    for (const auto& [query, text] : std::vector<std::pair<std::string, std::string>>{
             {"a=1 and b=2 or c=3", "( ( a==1 , b==2 ) or c==3 )"},
             {"a=1 or b=2 and c=3", "( a==1 or ( b==2 , c==3 ) )"},
             {"a=1 or b=2 or c=3", "( ( a==1 or b==2 ) or c==3 )"},
             {"a=1 and b=2 and c=3", "( ( a==1 , b==2 ) , c==3 )"},
             {"a=1, b=2 or c=3", "( a==1 , ( b==2 or c==3 ) )"},
             {"a=1 or b=2, c=3", "( a==1 or ( b==2 , c==3 ) )"},
             {"a=1 b=2 or c=3", "( a==1 , ( b==2 or c==3 ) )"},
             {"a=1, b=2 and c=3 or d=4", "( a==1 , ( ( b==2 , c==3 ) or d==4 ) )"},
             {"a=1 and b=2, c=3 and d=4", "( a==1 , ( b==2 , ( c==3 , d==4 ) ) )"},
             {"(a=1 or b=2) c=3", "( ( a==1 or b==2 ) , c==3 )"},
             {"((a=1))", "a==1"}}) {
        EXPECT_EQ(to_string(*tree_of("{a=\"b\"} | " + query)), "{a=\"b\"} | " + text) << query;
    }
}

TEST(Parser, RangesInEveryPlace) {
    const std::string plain = "rate({a=\"b\"} |= \"x\"[5m])";
    const std::string offset = "rate({a=\"b\"} |= \"x\"[5m] offset -1h)";
    const std::string unwrap = "sum_over_time({a=\"b\"} | json | unwrap x | y=\"\"[5m] offset 1m)";
    const std::string bare = "sum_over_time({a=\"b\"} | unwrap x[5m])";
    expect_alike({
        {"rate({a=\"b\"}[5m] |= \"x\")", plain},
        {"rate(({a=\"b\"} |= \"x\")[5m])", plain},
        {"rate(({a=\"b\"} |= \"x\"[5m]))", plain},
        {"rate((({a=\"b\"}[5m] |= \"x\")))", plain},
        {"rate({a=\"b\"}[5m] offset -1h |= \"x\")", offset},
        {"rate(({a=\"b\"} |= \"x\")[5m] offset -1h)", offset},
        {"rate(({a=\"b\"} |= \"x\"[5m] offset -1h))", offset},
        {"sum_over_time({a=\"b\"}[5m] offset 1m | json | unwrap x | y=\"\")", unwrap},
        {"sum_over_time(({a=\"b\"} | json | unwrap x | y=\"\")[5m] offset 1m)", unwrap},
        {"sum_over_time({a=\"b\"}[5m] | unwrap x)", bare},
        {"sum_over_time(({a=\"b\"})[5m] | unwrap x)", bare},
    });
    for (const char* query : {"rate({a=\"b\"}[5m][5m])",
                              "rate({a=\"b\"} |= \"x\" offset 5m [5m])",
                              "rate({a=\"b\"} |= \"x\" [5m] |= \"y\")",
                              "rate(({a=\"b\"} |= \"x\"))",
                              "rate((({a=\"b\"}))[5m])",
                              "rate({a=\"b\"}[5m] offset 5m offset 5m)",
                              "sum_over_time({a=\"b\"} | unwrap x [5m] | json)"}) {
        EXPECT_FALSE(parse(query).ok()) << query;
    }
}

TEST(Parser, RangeAggregations) {
    const auto tree = tree_of(
        "quantile_over_time(0.99, {a=\"b\"} | logfmt | unwrap duration(d) | __error__=\"\" | e>1, "
        "f<2 "
        "[1d]) without (g)");
    const auto& node = as<RangeAggregation>(*tree);
    EXPECT_EQ(node.op, RangeOp::kQuantileOverTime);
    EXPECT_EQ(node.parameter, 0.99);
    EXPECT_EQ(node.range, Duration::hours(24));
    EXPECT_EQ(node.unwrap->label, "d");
    EXPECT_EQ(node.unwrap->conversion, Unwrap::Conversion::kDuration);
    EXPECT_EQ(node.unwrap->filters.size(), 2U);
    EXPECT_TRUE(node.grouping->without);
    EXPECT_EQ(node.grouping->labels, Strings{"g"});
    const auto empty = tree_of("max_over_time({a=\"b\"} | unwrap bytes(c) [0s]) by ()");
    EXPECT_TRUE(as<RangeAggregation>(*empty).grouping->labels.empty());
    EXPECT_EQ(as<RangeAggregation>(*empty).range, Duration{});
    EXPECT_TRUE(parse("absent_over_time({a=\"b\"} | unwrap c [1m])").ok());
    EXPECT_TRUE(parse("rate({a=\"b\"} | unwrap rate [1m])").ok());
}

TEST(Parser, VectorAggregations) {
    expect_alike({
        {"SUM BY (x, rate) (RATE({a=\"b\"}[5m]))", "sum(rate({a=\"b\"}[5m])) by (x,rate)"},
        {"topk by (x) (5, vector(1))", "topk(5, vector(1)) by (x)"},
        {"sum by () (vector(1))", "sum(vector(1))"},
        {"sort_desc by () (vector(1))", "sort_desc(vector(1))"},
    });
    const auto topk = tree_of("bottomk(7, vector(1)) by (x)");
    EXPECT_EQ(as<VectorAggregation>(*topk).parameter, 7);
    const auto sum = tree_of("sum(5 + 2)");
    EXPECT_EQ(as<Literal>(*as<VectorAggregation>(*sum).inner).value, 7);
    EXPECT_FALSE(as<VectorAggregation>(*sum).grouping.has_value());
    EXPECT_FALSE(parse("sum by (a) (vector(1)) by (a)").ok());
    EXPECT_FALSE(parse("sum by (a,) (vector(1))").ok());
}

TEST(Parser, OperatorsByPrecedence) {
    for (const auto& [query, text] : std::vector<std::pair<std::string, std::string>>{
             {"a + b * c ^ d", "(a + (b * (c ^ d)))"},
             {"a ^ b ^ c", "(a ^ (b ^ c))"},
             {"a - b - c", "((a - b) - c)"},
             {"a % b * c", "((a % b) * c)"},
             {"a or b and c unless d", "(a or ((b and c) unless d))"},
             {"a > b + c == d", "((a > (b + c)) == d)"},
             {"a and b >= bool c", "(a and (b >= bool c))"},
             {"(a + b) * c", "((a + b) * c)"},
             {"a / on(x) group_left(y) b + c", "((a / on (x) group_left (y) b) + c)"}}) {
        std::string with_vectors;
        std::string expected;
        for (const auto& [from, to] : {std::pair(&query, &with_vectors), {&text, &expected}}) {
            for (std::size_t i = 0; i < from->size(); ++i) {
                const char c = (*from)[i];
                const bool leg = c >= 'a' && c <= 'd' &&
                                 (i == 0 || !std::isalpha((*from)[i - 1])) &&
                                 (i + 1 == from->size() || !std::isalpha((*from)[i + 1]));
                *to += leg ? "vector(" + std::to_string(c - 'a') + ".000000)" : std::string(1, c);
            }
        }
        EXPECT_EQ(to_string(*tree_of(with_vectors)), expected) << query;
    }
}

TEST(Parser, Matching) {
    using Cardinality = VectorMatching::Cardinality;
    const auto tree = tree_of("vector(1) == bool ignoring(a, b) group_right(c) vector(2)");
    const auto& node = as<BinaryExpr>(*tree);
    EXPECT_TRUE(node.return_bool);
    EXPECT_FALSE(node.matching->on);
    EXPECT_EQ(node.matching->labels, (Strings{"a", "b"}));
    EXPECT_EQ(node.matching->cardinality, Cardinality::kOneToMany);
    EXPECT_EQ(node.matching->include, Strings{"c"});
    const auto on = tree_of("vector(1) and on() vector(2)");
    EXPECT_TRUE(as<BinaryExpr>(*on).matching->on);
    EXPECT_EQ(as<BinaryExpr>(*on).matching->cardinality, Cardinality::kOneToOne);
    EXPECT_FALSE(as<BinaryExpr>(*tree_of("vector(1) + vector(2)")).matching.has_value());
    // The parenthesis is the labels of group_left.
    EXPECT_FALSE(parse("vector(1) + on(a) group_left (vector(1))").ok());
}

TEST(Parser, NumbersFold) {
    for (const auto& [query, value] :
         std::vector<std::pair<const char*, double>>{{"-2 ^ 2", 4},
                                                     {"2 ^ 3 ^ 2", 512},
                                                     {"10 % 4 * 2", 4},
                                                     {"-10 % 4", -2},
                                                     {"1 + 2 * 3", 7},
                                                     {"(1 + 2) * 3", 9},
                                                     {"2 - -1", 3},
                                                     {"5 > 3", 1},
                                                     {"3 > bool 5", 0},
                                                     {"3 != 3", 0},
                                                     {"1_000 + 0x1p4", 1016},
                                                     {"+1", 1}}) {
        EXPECT_EQ(as<Literal>(*tree_of(query)).value, value) << query;
    }
    for (const char* query : {"1 / 0", "0 / 0", "5 % 0"}) {
        EXPECT_TRUE(std::isnan(as<Literal>(*tree_of(query)).value)) << query;
    }
    EXPECT_FALSE(parse("vector(-0)").ok());
    EXPECT_FALSE(parse("-vector(1)").ok());
    EXPECT_FALSE(parse("- -1").ok());
}

TEST(Parser, LabelReplaceAndComments) {
    const auto tree = tree_of(
        "label_replace( # the source\nvector(1), /* new */ \"dst\", \"$1\", \"src\", \"(.*)\" // "
        "end\n)");
    const auto& node = as<LabelReplace>(*tree);
    EXPECT_EQ(node.destination, "dst");
    EXPECT_EQ(node.replacement, "$1");
    EXPECT_EQ(node.source, "src");
    EXPECT_EQ(node.regex, "(.*)");
}

TEST(Parser, OnlySelectors) {
    EXPECT_EQ(parse_selector("{a=\"b\"}")->size(), 1U);
    EXPECT_EQ(parse_selector("({a=\"b\"})")->size(), 1U);
    for (const char* query : {"rate({a=\"b\"}[1m])", "{a=\"b\"} |= \"x\"", "1"}) {
        EXPECT_EQ(parse_selector(query).status().message(), "only label matchers are supported");
    }
    EXPECT_FALSE(parse_selector("{}").ok());
    EXPECT_FALSE(parse_selector("{a=~\".*\"}", Selective::kYesOrEmpty).ok());
    EXPECT_TRUE(parse_selector("{}", Selective::kYesOrEmpty)->empty());
    EXPECT_EQ(parse_selector("{a=~\".*\"}", Selective::kAny)->size(), 1U);
    EXPECT_EQ(parse_selector("").status().message(), "parse error : syntax error: unexpected $end");
}

TEST(Parser, OnlyLogQueries) {
    EXPECT_EQ(parse_log_query("{a=\"b\"} | json")->stages.size(), 1U);
    EXPECT_EQ(parse_log_query("sum(rate({a=\"b\"}[1m]))").status().message(),
              "only log selector is supported");
    EXPECT_FALSE(parse_log_query("{a=~\".*\"} |= \"x\"").ok());
    EXPECT_TRUE(parse_log_query("{a=~\".*\"} |= \"x\"", Selective::kAny).ok());
}

TEST(Tree, EveryRangeFromLeftToRight) {
    const auto tree = tree_of(
        "sum(rate({a=\"1\"}[1m])) / label_replace(topk(1, rate({a=\"2\"}[2m])), \"\", \"\", \"\", "
        "\"\") "
        "- (vector(1) or rate({a=\"3\"}[3m]))");
    std::vector<Duration> ranges;
    for_each_range(*tree, [&](const RangeAggregation& range) { ranges.push_back(range.range); });
    EXPECT_EQ(
        ranges,
        (std::vector<Duration>{Duration::minutes(1), Duration::minutes(2), Duration::minutes(3)}));
    for_each_range(*tree_of("{a=\"b\"}"), [](const RangeAggregation&) { FAIL(); });
}

// What Grafana sends.
TEST(Parser, QueriesOfGrafana) {
    for (
        const char* query : {
            "vector(1)+vector(1)",
            R"({job="x"} | drop __error__)",
            R"(sum by (level, detected_level) (count_over_time({job="x"} | drop __error__[1m])))",
            R"(sum by (detected_level) (count_over_time({ service_name="a" } [1m])))",
            R"(sum by (detected_level) (count_over_time({service_name="a", cluster="c"} | detected_level != "" [10s])))",
            R"(sum(count_over_time({service_name="a"}   |> "level=info ts=<_> msg=\"completing block\"" |~ "(?i)err"  [1m])) by (detected_level))",
            "{service_name=~`.+`}",
            R"({service_name=~"(?i).*foo.*"})",
            R"({service_name="a"}  | detected_level="info" or detected_level="error" | pod="p" !> "a <_> b" !> "c <_>" |> "d <_>" or "e <_>" |~ "(?i)x" != "y" | json  | logfmt | drop __error__, __error_details__ | dur>=10s | size<20KB)",
            R"({a="b"} | json foo="[\"a\"][\"b\"]", bar="[\"c\"]" | json | drop __error__, __error_details__ | foo="x" | line_format "{{.foo_bar}}")",
            R"(avg_over_time({a="b"} | json | logfmt | drop __error__, __error_details__  | dur!="" | unwrap duration(dur) | __error__="" [1m]) by ())",
            R"(avg_over_time({a="b"} | logfmt | size!="" | unwrap bytes(size) | __error__="" [1m]) by ())",
            R"(sum by (field) (count_over_time({a="b"} | json x="[\"x\"]" | drop __error__, __error_details__ | x!="" [1m])))",
            R"(sum(count_over_time({a="b" ,pod != ""} | json | logfmt | drop __error__, __error_details__ [1m])) by (pod))",
            R"(sum by (f) (count_over_time({a="b"} | logfmt | keep f [3600s])))",
            R"({a="b"} |> `x <_> y` | pattern `x <field_1> y` | keep field_1 | line_format "")",
            "sum by (detected_level) (sum_over_time({__aggregated_metric__=`svc` } | logfmt | "
            "unwrap count [10s]))",
            "sum by (detected_level) (sum_over_time({__aggregated_metric__=~`.+` } | logfmt | "
            "svc=`v` | unwrap count [10s]))",
            R"(sum(count_over_time({a="b", __stream_shard__=~"1|2"} [1m])) by (l))",
            R"(sum(count_over_time({a="b", __stream_shard__=""} | drop __stream_shard__ [1m])) by (l))",
            R"({a="b"} |= `x` or `y` | logfmt --strict --keep-empty foo, bar="baz" | __error__=``)",
            R"({a="b"} |= ip(`192.168.0.0/16`) | addr = ip(`10.0.0.0/8`) | decolorize | label_format level=lvl | line_format `{{.msg}}` | unpack)",
            R"(quantile_over_time(0.95, {a="b"} | unwrap latency [5m]) by (x))",
            R"(topk by(app) (5, sum by(app) (rate({a="b"} |= `` [5m]))))",
            R"(topk(10, sum without(app) (count_over_time({a="b"}[1m]))) > bool 2)",
            R"(bottomk(5, absent_over_time({a="b"}[5m])) / 2 ^ 3 % 4)",
            R"(rate_counter({a="b"} | unwrap x [1m]) + on(a, b) group_left(c) rate({a="b"}[1m]))",
            R"(sum(rate({a="b"} | logfmt [1m])) / sum(rate({a="c"} | logfmt [1m])))",
            R"(sort_desc(sum by (a) (rate({a="b"}[1m]))))",
            R"q(label_replace(rate({a="b"}[1m]), "x", "$1", "y", "(.*)"))q",
            R"(approx_topk(5, sum by (a) (rate({a="b"}[1m]))))",
            R"({a="b"} | json | level="error" and (status >= 500 or dur > 10s), x!="y")",
            R"({a="b"} # comment)",
            R"(sum(count_over_time({a="b"}[1m] offset 5m)))",
            R"(stdvar_over_time({a="b"} | unwrap x [1m]) and rate({a="b"}[1m]) unless rate({a="c"}[1m]))",
        }) {
        const auto tree = tree_of(query);
        EXPECT_EQ(to_string(*tree_of(to_string(*tree))), to_string(*tree));
        EXPECT_EQ(to_string(*tree_of(pretty(*tree))), to_string(*tree));
    }
}

}  // namespace
}  // namespace logi::logql
