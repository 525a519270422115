#include "logql/printer.h"

#include "logql/parser.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace logi::logql {
namespace {

using Rows = std::vector<std::pair<std::string, std::string>>;  // query, text

void expect_texts(const Rows& rows, std::string (*print)(const Expr&)) {
    for (const auto& [query, text] : rows) {
        const auto tree = parse(query);
        ASSERT_TRUE(tree.ok()) << tree.status() << "\n" << query;
        EXPECT_EQ(print(**tree), text) << query;
    }
}

// What Loki 3.7.6 answers to format_query.
TEST(Printer, ShortQueriesAsLokiPrintsThem) {
    const Rows rows = {
        {R"({foo=   "bar"})", R"({foo="bar"})"},
        {R"({ foo = "bar" , baz != "q" })", R"({foo="bar", baz!="q"})"},
        {R"({a=~"x.*",b!~`y\d`})", R"({a=~"x.*", b!~"y\\d"})"},
        {R"({a="b"}|="x")", R"({a="b"} |= "x")"},
        {R"({a="b"} |= "x" |= "y" != "z" |~ "r" !~ "s")",
         R"({a="b"} |= "x" |= "y" != "z" |~ "r" !~ "s")"},
        {R"({a="b"} |> "<_> x" !> "y <_>")", R"({a="b"} |> "<_> x" !> "y <_>")"},
        {R"({a="b"} |= "x" or "y" or "z")", R"({a="b"} |= "x" or "y" or "z")"},
        {R"({a="b"} != "x" or "y" |~ "p" or "q")", R"({a="b"} != "x" != "y" |~ "p" or "q")"},
        {R"({a="b"} |= ip("10.0.0.0/8"))", R"({a="b"} |= ip("10.0.0.0/8"))"},
        {R"({a="b"} |= ip("10.0.0.1") or "x" or ip("::1"))",
         R"({a="b"} |= ip("10.0.0.1") or "x" or ip("::1"))"},
        {R"({a="b"}|json)", R"({a="b"} | json)"},
        {R"({a="b"}|json x,y="z.w[0]")", R"({a="b"} | json x="x",y="z.w[0]")"},
        {R"({a="b"}|logfmt|logfmt --strict|logfmt --keep-empty --strict|logfmt --strict x,y="z")",
         R"({a="b"} | logfmt | logfmt --strict | logfmt --strict --keep-empty | logfmt --strict x="x",y="z")"},
        {R"q({a="b"}|regexp "(?P<x>\\d+)"|pattern "<y> <_>"|unpack)q",
         R"q({a="b"} | regexp "(?P<x>\\d+)" | pattern "<y> <_>" | unpack)q"},
        {R"({a="b"} | x="1" and y>2 or z<=3ms)", R"({a="b"} | ( ( x="1" , y>2 ) or z<=3ms ))"},
        {R"({a="b"} | x="1",y>2 z==3KB)", R"({a="b"} | ( x="1" , ( y>2 , z==3.0kB ) ))"},
        {R"({a="b"} | (x="1" or y="2") and z!="3")",
         R"({a="b"} | ( ( x="1" or y="2" ) , z!="3" ))"},
        {R"({a="b"} | x=ip("1.2.3.4") or y!=ip("::1"))",
         R"({a="b"} | ( x=ip("1.2.3.4") or y!=ip("::1") ))"},
        {R"({a="b"} | x > 1.50 | y > 1500ms | z > 1536B | w >= 1KiB | v != 5MB)",
         R"({a="b"} | x>1.5 | y>1.5s | z>1.5kB | w>=1.0kB | v!=5.0MB)"},
        {R"({a="b"} | d > 90s | d < 36h | d = 1d)",
         R"({a="b"} | d>1m30s | d<36h0m0s | d==24h0m0s)"},
        {R"({a="b"} | n > -1 | n < +2 | n = 1e3 | n = 0x10)",
         R"({a="b"} | n>-1 | n<2 | n==1000 | n==0)"},
        {R"({a="b"} | line_format "{{.x}}")", R"({a="b"} | line_format "{{.x}}")"},
        {R"({a="b"} | line_format `{{.x}} "quoted"`)",
         R"({a="b"} | line_format "{{.x}} \"quoted\"")"},
        {R"({a="b"} | label_format x=y,z="{{.w}}")", R"({a="b"} | label_format x=y,z="{{.w}}")"},
        {R"({a="b"} | label_format x=`a"b`)", R"({a="b"} | label_format x="a\"b")"},
        {R"({a="b"} | decolorize | drop x,y="z" | keep w,v=~"u.*")",
         R"({a="b"} | decolorize | drop x,y="z" | keep w,v=~"u.*")"},
        {R"({a="b"} | drop __error__)", R"({a="b"} | drop __error__)"},
        {R"(rate({a="b"}[5m]))", R"(rate({a="b"}[5m]))"},
        {R"(rate({a="b"}[90s]))", R"(rate({a="b"}[1m30s]))"},
        {R"(rate({a="b"}[1h30m]))", R"(rate({a="b"}[1h30m]))"},
        {R"(rate({a="b"}[1d]))", R"(rate({a="b"}[1d]))"},
        {R"(rate({a="b"}[100ms]))", R"(rate({a="b"}[100ms]))"},
        {R"(count_over_time({a="b"}|="x"[5m] offset 1h))",
         R"(count_over_time({a="b"} |= "x"[5m] offset 1h0m0s))"},
        {R"(count_over_time({a="b"}[5m]|="x"))", R"(count_over_time({a="b"} |= "x"[5m]))"},
        {R"(count_over_time(({a="b"}|="x")[5m]))", R"(count_over_time({a="b"} |= "x"[5m]))"},
        {R"(count_over_time({a="b"}[5m] offset -90s))",
         R"(count_over_time({a="b"}[5m] offset -1m30s))"},
        {R"(sum_over_time({a="b"}|logfmt|unwrap x[5m]))",
         R"(sum_over_time({a="b"} | logfmt | unwrap x[5m]))"},
        {R"(sum_over_time({a="b"}|logfmt|unwrap duration(x)|__error__=""[5m]))",
         R"(sum_over_time({a="b"} | logfmt | unwrap duration(x) | __error__=""[5m]))"},
        {R"(sum_over_time({a="b"}|logfmt|unwrap bytes(x)|__error__="",y>1[5m]))",
         R"(sum_over_time({a="b"} | logfmt | unwrap bytes(x) | ( __error__="" , y>1 )[5m]))"},
        {R"(sum_over_time({a="b"}[5m]|logfmt|unwrap x))",
         R"(sum_over_time({a="b"} | logfmt | unwrap x[5m]))"},
        {R"(avg_over_time({a="b"}|unwrap x[5m]) by (y,z))",
         R"(avg_over_time({a="b"} | unwrap x[5m]) by (y,z))"},
        {R"(quantile_over_time(0.99,{a="b"}|unwrap x[5m]) without (y))",
         R"(quantile_over_time(0.99,{a="b"} | unwrap x[5m]) without (y))"},
        {R"(max_over_time({a="b"}|unwrap x[5m]) by ())",
         R"(max_over_time({a="b"} | unwrap x[5m]) by ())"},
        {R"(sum(rate({a="b"}[5m])))", R"(sum(rate({a="b"}[5m])))"},
        {R"(sum by(x)(rate({a="b"}[5m])))", R"(sum by (x)(rate({a="b"}[5m])))"},
        {R"(sum(rate({a="b"}[5m]))by(x,y))", R"(sum by (x,y)(rate({a="b"}[5m])))"},
        {R"(sum without(x)(rate({a="b"}[5m])))", R"(sum without (x)(rate({a="b"}[5m])))"},
        {R"(sum by ()(rate({a="b"}[5m])))", R"(sum(rate({a="b"}[5m])))"},
        {R"(SUM BY (x) (RATE({a="b"}[5m])))", R"(sum by (x)(rate({a="b"}[5m])))"},
        {R"(topk(5,rate({a="b"}[5m])))", R"(topk(5,rate({a="b"}[5m])))"},
        {R"(topk by (x) (5,rate({a="b"}[5m])))", R"(topk by (x)(5,rate({a="b"}[5m])))"},
        {R"(bottomk(2,sum by (x)(rate({a="b"}[5m]))) by (y))",
         R"(bottomk by (y)(2,sum by (x)(rate({a="b"}[5m]))))"},
        {R"(sort_desc(sum by (x)(rate({a="b"}[5m]))))",
         R"(sort_desc(sum by (x)(rate({a="b"}[5m]))))"},
        {R"(approx_topk(3,sum by (x)(rate({a="b"}[5m]))))",
         R"(approx_topk(3,sum by (x)(rate({a="b"}[5m]))))"},
        {R"(rate({a="b"}[5m])+rate({a="c"}[5m]))", R"((rate({a="b"}[5m]) + rate({a="c"}[5m])))"},
        {R"(sum(rate({a="b"}[5m]))/sum(rate({a="c"}[5m]))*100)",
         R"(((sum(rate({a="b"}[5m])) / sum(rate({a="c"}[5m]))) * 100))"},
        {R"((sum(rate({a="b"}[5m]))+1)*2)", R"(((sum(rate({a="b"}[5m])) + 1) * 2))"},
        {"1+2*3", "7"},
        {"(1+2)*3", "9"},
        {"2^3^2", "512"},
        {"-1", "-1"},
        {"+1", "1"},
        {"1.50", "1.5"},
        {"1e3", "1000"},
        {R"(sum(rate({a="b"}[5m]))>bool 5)", R"((sum(rate({a="b"}[5m])) > bool 5))"},
        {R"(sum by (x)(rate({a="b"}[5m]))/on(x)group_left(y)sum by (x,y)(rate({a="c"}[5m])))",
         R"((sum by (x)(rate({a="b"}[5m])) / on (x) group_left (y) sum by (x,y)(rate({a="c"}[5m]))))"},
        {R"(sum by (x)(rate({a="b"}[5m]))/ignoring(x,y)group_right sum(rate({a="c"}[5m])))",
         R"((sum by (x)(rate({a="b"}[5m])) / ignoring (x,y) group_right sum(rate({a="c"}[5m]))))"},
        {R"(sum by (x)(rate({a="b"}[5m])) and on() vector(1))",
         R"((sum by (x)(rate({a="b"}[5m])) and on ()  vector(1.000000)))"},
        {R"(sum(rate({a="b"}[5m])) or vector(0) unless vector(1))",
         R"((sum(rate({a="b"}[5m])) or (vector(0.000000) unless vector(1.000000))))"},
        {R"q(label_replace(rate({a="b"}[5m]),"d","$1","s","(.*)"))q",
         R"q(label_replace(rate({a="b"}[5m]),"d","$1","s","(.*)"))q"},
        {"vector(1)", "vector(1.000000)"},
        {"vector(1.50)", "vector(1.500000)"},
        {R"(absent_over_time({a="b"}[5m]))", R"(absent_over_time({a="b"}[5m]))"},
        {R"(bytes_rate({a="b"}[5m]))", R"(bytes_rate({a="b"}[5m]))"},
        {R"(({a="b"}))", R"({a="b"})"},
        {R"(((rate({a="b"}[5m]))))", R"(rate({a="b"}[5m]))"},
        {R"({a="quote\"d", b=`back\slash`, c="tab\t", d="ünï"})",
         R"({a="quote\"d", b="back\\slash", c="tab\t", d="ünï"})"},
        {R"({a="b"} # comment)", R"({a="b"})"},
    };
    expect_texts(rows, pretty);
    expect_texts(rows, to_string);
}

TEST(Printer, LongQueriesAsLokiPrintsThem) {
    expect_texts(
        {
            {R"(sum(count_over_time({namespace="a-rather-long-namespace-name", app="an-even-longer-application-name"} |= "some needle to look for" | logfmt | level="error" [5m])))",
             R"(sum(
  count_over_time(
    {namespace="a-rather-long-namespace-name", app="an-even-longer-application-name"}
      |= "some needle to look for"
      | logfmt
      | level="error" [5m]
  )
))"},
            {R"(sum by (namespace, application_name, level) (rate({namespace="a-rather-long-namespace-name", app="an-even-longer-application-name"} |= "needle" | json | status >= 500 [5m])) / on (namespace) group_left (application_name) sum by (namespace) (rate({namespace="a-rather-long-namespace-name"}[5m])))",
             R"(  sum by (namespace, application_name, level)(
    rate(
      {namespace="a-rather-long-namespace-name", app="an-even-longer-application-name"}
        |= "needle"
        | json
        | status>=500 [5m]
    )
  )
/ on (namespace) group_left (application_name)
  sum by (namespace)(rate({namespace="a-rather-long-namespace-name"}[5m])))"},
            {R"(topk(10, sum by (namespace, application_name) (rate({namespace="a-rather-long-namespace-name", app="an-even-longer-application-name"} |= "needle" [5m]))))",
             R"(topk(
  10,
  sum by (namespace, application_name)(
    rate(
      {namespace="a-rather-long-namespace-name", app="an-even-longer-application-name"} |= "needle" [5m]
    )
  )
))"},
            {R"(quantile_over_time(0.99, {namespace="a-rather-long-namespace-name", app="an-even-longer-application-name"} | json | unwrap duration(latency) | __error__="" [5m]) by (path))",
             R"(quantile_over_time(
  0.99,
  {namespace="a-rather-long-namespace-name", app="an-even-longer-application-name"} | json
    | unwrap duration(latency)
    | __error__="" [5m]
) by (path))"},
            {R"({namespace="a-rather-long-namespace-name", app="an-even-longer-application-name"} |= "needle" | json | status >= 500 and method="GET" | line_format "{{.a}} {{.b}}")",
             R"({namespace="a-rather-long-namespace-name", app="an-even-longer-application-name"}
  |= "needle"
  | json
  | ( status>=500 , method="GET" )
  | line_format "{{.a}} {{.b}}")"},
            {R"(label_replace(sum by (namespace, application_name) (rate({namespace="a-rather-long-namespace-name", app="application-name"}[5m])), "destination", "$1", "application_name", "(.*)-.*"))",
             R"(label_replace(
  sum by (namespace, application_name)(
    rate({namespace="a-rather-long-namespace-name", app="application-name"}[5m])
  ),
  "destination",
  "$1",
  "application_name",
  "(.*)-.*"
))"},
        },
        pretty);
}

// Where Loki's text could not be read back.
TEST(Printer, TextsThatReadBack) {
    expect_texts(
        {
            {"1/0", "(0 / 0)"},
            {"10^400", "(10 ^ 309)"},
            {"vector(1) - (-10)^399", "(vector(1.000000) - (-10 ^ 309))"},
            {"- 0", "-0.0"},
            {"0.00001", "1e-05"},
            {"1234567", "1.234567e+06"},
            {"vector(0.00000025)", "vector(0.00000025)"},
            {"{a=\"b\"} | x > 1e21 | y < 1e-7 | z = -0.5",
             "{a=\"b\"} | x>1000000000000000000000 | y<0.0000001 | z==-0.5"},
            {"{a=\"b\"} | x = 0kB | y > 9999B | z < 5PB | w = 7B",
             "{a=\"b\"} | x==0kB | y>10kB | z<5.0PB | w==7B"},
            {"vector(1) / on(a) group_left() (vector(2) + vector(3))",
             "(vector(1.000000) / on (a) group_left () (vector(2.000000) + vector(3.000000)))"},
            {"vector(1) / ignoring() vector(2)", "(vector(1.000000) / vector(2.000000))"},
            {"sum without () (vector(1))", "sum without ()(vector(1.000000))"},
            {"rate({a=\"b\"}[1w3d] offset 20us)", "rate({a=\"b\"}[10d] offset 20\u00b5s)"},
        },
        to_string);
}

TEST(Printer, LongOperatorsKeepTheirOrder) {
    const std::string leg =
        "sum by (cluster, namespace, pod)(rate({job=\"some-rather-long-name-of-a-job-there\"}[5m] "
        "offset "
        "-1h))";
    const auto tree = parse("(" + leg + " + " + leg + ") * on (pod) group_right " + leg + " ^ 2");
    ASSERT_TRUE(tree.ok()) << tree.status();
    EXPECT_EQ(pretty(**tree), R"(  (
      sum by (cluster, namespace, pod)(
        rate({job="some-rather-long-name-of-a-job-there"}[5m] offset -1h0m0s)
      )
    +
      sum by (cluster, namespace, pod)(
        rate({job="some-rather-long-name-of-a-job-there"}[5m] offset -1h0m0s)
      )
  )
* on (pod) group_right
    sum by (cluster, namespace, pod)(
      rate({job="some-rather-long-name-of-a-job-there"}[5m] offset -1h0m0s)
    )
  ^
    2)");
}

TEST(Printer, PartsOfATree) {
    const auto tree = parse("{a=\"b\"} |~ \"x\" or \"y\" | logfmt | (a=\"1\" or b>2) and c<5m");
    ASSERT_TRUE(tree.ok()) << tree.status();
    const auto& log = std::get<LogExpr>((*tree)->node);
    EXPECT_EQ(to_string(log.stages[0]), "|~ \"x\" or \"y\"");
    EXPECT_EQ(to_string(log.stages[2]), "| ( ( a=\"1\" or b>2 ) , c<5m0s )");
    EXPECT_EQ(to_string(*std::get<LabelFilterStage>(log.stages[2]).filter),
              "( ( a=\"1\" or b>2 ) , c<5m0s )");
    EXPECT_EQ(to_string(log), to_string(**tree));
}

}  // namespace
}  // namespace logi::logql
