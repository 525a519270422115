// What is said about queries that are wrong. The messages are those that Loki 3.7.6 was seen to
// give, but for the line, which it gives as 0 behind tokens of several characters.
#include "absl/strings/str_cat.h"
#include "logql/parser.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace logi::logql {
namespace {

struct Row {
    std::string query;
    std::string error;  // "LINE:COLUMN: …", or ": …" where there is no place
};
constexpr const char* kNotSelective =
    ": queries require at least one regexp or equality matcher that does not have an "
    "empty-compatible value. For instance, app=~\".*\" does not meet this requirement, but "
    "app=~\".+\" will";

// The short form of a message, as in Row.
std::string short_error(const std::string& query) {
    const auto parsed = parse(query);
    if (parsed.ok()) {
        return "accepted";
    }
    std::string error(parsed.status().message());
    for (const auto& [from, to] : {std::pair<std::string, std::string>{"parse error : ", ": "},
                                   {"parse error at line ", ""},
                                   {", col ", ":"}}) {
        const std::size_t at = error.find(from);
        if (at == 0 || (at != std::string::npos && at < 10 && to == ":")) {
            error.replace(at, from.size(), to);
        }
    }
    return error;
}

void expect_errors(const std::vector<Row>& rows) {
    for (const Row& row : rows) {
        EXPECT_EQ(short_error(row.query), row.error) << row.query;
    }
}

TEST(ParseErrors, Selectors) {
    expect_errors({
        {"{", "1:2: syntax error: unexpected $end, expecting IDENTIFIER or }"},
        {"}", "1:1: syntax error: unexpected }"},
        {"{}", kNotSelective},
        {"{a}", "1:3: syntax error: unexpected }, expecting = or =~ or !~ or !="},
        {"{a=}", "1:4: syntax error: unexpected }, expecting STRING"},
        {R"({a="b")", "1:7: syntax error: unexpected $end, expecting } or ,"},
        {R"({a="b",})", "1:8: syntax error: unexpected }, expecting IDENTIFIER"},
        {R"({,a="b"})", "1:2: syntax error: unexpected ,, expecting IDENTIFIER or }"},
        {R"({a="b" b="c"})", "1:8: syntax error: unexpected IDENTIFIER, expecting } or ,"},
        {"{a=b}", "1:4: syntax error: unexpected IDENTIFIER, expecting STRING"},
        {"{a='b'}", "1:4: syntax error: unexpected IDENTIFIER, expecting STRING"},
        {R"({a=="b"})", "1:3: syntax error: unexpected ==, expecting = or =~ or !~ or !="},
        {R"({a>"b"})", "1:3: syntax error: unexpected >, expecting = or =~ or !~ or !="},
        {R"({a="b})", "1:4: literal not terminated"},
        {"{a=`b}", "1:4: literal not terminated"},
        {R"({"a"="b"})", "1:2: syntax error: unexpected STRING, expecting IDENTIFIER or }"},
        {R"({1a="b"})", "1:2: syntax error: unexpected NUMBER, expecting IDENTIFIER or }"},
        {R"({a-b="c"})", "1:3: syntax error: unexpected -, expecting = or =~ or !~ or !="},
        {R"({a.b="c"})", "1:3: syntax error: unexpected ., expecting = or =~ or !~ or !="},
        {R"({a=~"("})", ": error parsing regexp: missing closing ): `(`"},
        {R"({a=~"[a-"})", ": error parsing regexp: missing closing ]: `[a-`"},
        {R"({a=~"*"})", ": error parsing regexp: missing argument to repetition operator: `*`"},
        {R"({a=~".*"})", kNotSelective},
        {R"({a!="b"})", kNotSelective},
        {R"({a!~".+"})", kNotSelective},
        {R"({a=""})", kNotSelective},
        {R"({a=~""})", kNotSelective},
        {R"({a=~"|b"})", kNotSelective},
        {R"({a="b"} {c="d"})", "1:9: syntax error: unexpected {"},
        {"{a=\"b\"}\n|= \"x\"\n| json\n| y >", "4:6: syntax error: unexpected $end"},
        {"{a=\"b\"} # trailing comment\n | nosuchstage", "2:15: syntax error: unexpected $end"},
        {"{a=", "1:4: syntax error: unexpected $end, expecting STRING"},
    });
}

TEST(ParseErrors, Stages) {
    expect_errors({
        {R"({a="b"} x)", "1:9: syntax error: unexpected IDENTIFIER"},
        {R"({a="b"} |)", "1:10: syntax error: unexpected $end"},
        {R"({a="b"} |=)", "1:11: syntax error: unexpected $end, expecting STRING or ip"},
        {R"({a="b"} |= x)", "1:12: syntax error: unexpected IDENTIFIER, expecting STRING or ip"},
        {R"({a="b"} |= 5)", "1:12: syntax error: unexpected NUMBER, expecting STRING or ip"},
        {R"({a="b"} = "x")", "1:9: syntax error: unexpected ="},
        {R"({a="b"} =~ "x")", "1:9: syntax error: unexpected =~"},
        {R"({a="b"} |~ "(")", R"(: stage '|~ "("' : error parsing regexp: missing closing ): `(`)"},
        {R"({a="b"} !~ "[z-a]")",
         R"(: stage '!~ "[z-a]"' : error parsing regexp: invalid character class range: `z-a`)"},
        {R"({a="b"} |~ "a{2000}")",
         R"(: stage '|~ "a{2000}"' : error parsing regexp: invalid repeat count: `{2000}`)"},
        {R"({a="b"} |= "x" or)", "1:18: syntax error: unexpected $end, expecting STRING or ip"},
        {R"({a="b"} |= "x" and "y")", "1:20: syntax error: unexpected STRING"},
        {R"({a="b"} |~ ip("10.0.0.1"))", R"(: stage '|~ ip("10.0.0.1")' : ip: invalid operation)"},
        {R"({a="b"} |= ip())", "1:15: syntax error: unexpected ), expecting STRING"},
        {R"({a="b"} | x =~ ip("10.0.0.1"))", "1:16: syntax error: unexpected ip, expecting STRING"},
        {R"({a="b"} | nosuchstage)", "1:22: syntax error: unexpected $end"},
        {R"({a="b"} | json x=)", "1:18: syntax error: unexpected $end, expecting STRING"},
        {R"({a="b"} | json "x")", "1:16: syntax error: unexpected STRING"},
        {R"({a="b"} | logfmt --nosuch)",
         "1:20: syntax error: unexpected IDENTIFIER, expecting NUMBER"},
        {R"({a="b"} | regexp)", "1:17: syntax error: unexpected $end, expecting STRING"},
        {R"({a="b"} | regexp "x")",
         ": invalid regexp parser: at least one named capture must be supplied"},
        {R"q({a="b"} | regexp "(x)")q",
         ": invalid regexp parser: at least one named capture must be supplied"},
        {R"({a="b"} | regexp "(?P<x>")",
         ": invalid regexp parser: error parsing regexp: missing closing ): `(?P<x>`"},
        {R"q({a="b"} | regexp "(?P<x>a)(?P<x>b)")q",
         ": invalid regexp parser: duplicate extracted label name 'x'"},
        {R"q({a="b"} | regexp "(?P<a-b>x)")q",
         ": invalid regexp parser: error parsing regexp: invalid named capture: `(?P<a-b>`"},
        {R"({a="b"} | pattern)", "1:18: syntax error: unexpected $end, expecting STRING"},
        {R"({a="b"} | unpack x)", "1:18: syntax error: unexpected IDENTIFIER"},
        {R"({a="b"} | unwrap x)", "1:11: syntax error: unexpected unwrap"},
        {R"({a="b"} | line_format)", "1:22: syntax error: unexpected $end, expecting STRING"},
        {R"({a="b"} | label_format)", "1:23: syntax error: unexpected $end, expecting IDENTIFIER"},
        {R"({a="b"} | label_format x)", "1:25: syntax error: unexpected $end, expecting ="},
        {R"({a="b"} | label_format x=1)",
         "1:26: syntax error: unexpected NUMBER, expecting IDENTIFIER or STRING"},
        {R"({a="b"} | label_format x="1",x="2")",
         R"(: stage '| label_format x="1",x="2"' : multiple label name 'x' not allowed in a single format operation)"},
        {R"({a="b"} | label_format __error__="y")",
         R"(: stage '| label_format __error__="y"' : __error__ cannot be formatted)"},
        {R"({a="b"} | drop)", "1:15: syntax error: unexpected $end, expecting IDENTIFIER"},
        {R"({a="b"} | keep)", "1:15: syntax error: unexpected $end, expecting IDENTIFIER"},
        {R"({a="b"} | drop x=1)", "1:18: syntax error: unexpected NUMBER, expecting STRING"},
        {R"({a="b"} | x)", "1:12: syntax error: unexpected $end"},
        {R"({a="b"} | x >)", "1:14: syntax error: unexpected $end"},
        {R"({a="b"} | x > "y")", "1:15: syntax error: unexpected STRING"},
        {R"({a="b"} | x > y)", "1:15: syntax error: unexpected IDENTIFIER"},
        {R"({a="b"} | x >= 5x)", "1:18: syntax error: unexpected $end"},
        {R"({a="b"} | x = 5 and)",
         "1:20: syntax error: unexpected $end, expecting IDENTIFIER or ("},
        {R"({a="b"} | x =~ 5)", "1:16: syntax error: unexpected NUMBER, expecting STRING"},
        {R"({a="b"} | x =~ "(")", ": error parsing regexp: missing closing ): `(`"},
        {R"({a="b"} | (x = 5)", "1:17: syntax error: unexpected $end"},
        {R"({a="b"} | x = 5))", "1:16: syntax error: unexpected )"},
        {R"({a="b"} | x = 1.2.3)", "1:18: syntax error: unexpected NUMBER"},
        {R"({a="b"} [5m])", "1:9: syntax error: unexpected RANGE"},
        {R"({a="b"} | json | )", "1:18: syntax error: unexpected $end"},
        {R"({a="b"} |= "\q")", "1:12: invalid char escape"},
        {R"({a="b"} |= "new)", "1:12: literal not terminated"},
        {R"(  {a="b"} |= "é" x)", "1:18: syntax error: unexpected IDENTIFIER"},
        {R"({type="bytes"} | logfmt | b > 0B | __error__="")",
         "1:31: decimal literal has no digits"},
        {R"({type="number"} | logfmt | n >= 1e400 | __error__="")",
         "1:32: syntax error: unexpected IDENTIFIER, expecting NUMBER"},
        {R"({app="odd"} |~ "a{3000} needle")",
         R"(: stage '|~ "a{3000} needle"' : error parsing regexp: invalid repeat count: `{3000}`)"},
    });
}

TEST(ParseErrors, Metrics) {
    expect_errors({
        {R"(rate({a="b"}))", "1:13: syntax error: unexpected )"},
        {R"(rate({a="b"}[5]))", R"(1:13: not a valid duration string: "5")"},
        {R"(rate({a="b"}[]))", "1:13: empty duration string"},
        {R"(rate({a="b"}[5m))", "1:13: missing closing ']' in duration"},
        {R"(rate({a="b"}[-5m]))", R"(1:13: not a valid duration string: "-5m")"},
        {R"(rate({a="b"}[5x]))", R"(1:13: unknown unit "x" in duration "5x")"},
        {R"(rate({a="b"}[5m5m]))", R"(1:13: not a valid duration string: "5m5m")"},
        {R"(rate({a="b"}[5m])", "1:17: syntax error: unexpected $end, expecting )"},
        {R"(rate {a="b"}[5m])", "1:1: syntax error: unexpected IDENTIFIER"},
        {"rate()", "1:6: syntax error: unexpected ), expecting NUMBER or { or ("},
        {"rate(5)", "1:7: syntax error: unexpected ), expecting ,"},
        {R"(rate({a=~".*"}[5m]))", kNotSelective},
        {R"(rate({a="b"}[5m]) offset 5m)", "1:19: syntax error: unexpected offset"},
        {R"(rate({a="b"}[5m] offset))", "1:24: syntax error: unexpected ), expecting DURATION"},
        {R"(rate({a="b"}[5m] offset 5))",
         "1:25: syntax error: unexpected NUMBER, expecting DURATION"},
        {R"(rate({a="b"}[5m]) by (x))", ": grouping not allowed for rate aggregation"},
        {R"(sum(rate({a="b"}[5m]))", "1:22: syntax error: unexpected $end"},
        {R"(sum({a="b"}))", "1:12: syntax error: unexpected )"},
        {R"(sum({a="b"}[5m]))", "1:12: syntax error: unexpected RANGE"},
        {R"(sum by x (rate({a="b"}[5m])))", "1:1: syntax error: unexpected IDENTIFIER"},
        {R"(sum by (x) by (y) (rate({a="b"}[5m])))",
         "1:12: syntax error: unexpected by, expecting ("},
        {R"(sum by ("x") (rate({a="b"}[5m])))",
         "1:9: syntax error: unexpected STRING, expecting IDENTIFIER or )"},
        {R"(sum(2, rate({a="b"}[5m])))", ": unsupported parameter for operation sum(2,"},
        {"sum()", "1:5: syntax error: unexpected )"},
        {R"(nosuch(rate({a="b"}[5m])))", "1:1: syntax error: unexpected IDENTIFIER"},
        {R"(topk(rate({a="b"}[5m])))", ": parameter required for operation topk"},
        {R"(topk(0, rate({a="b"}[5m])))", ": invalid parameter (must be greater than 0) topk(0"},
        {R"(topk(-1, rate({a="b"}[5m])))", "1:8: syntax error: unexpected ,"},
        {R"(topk(1.5, rate({a="b"}[5m])))", ": invalid parameter topk(1.5,"},
        {R"(topk("x", rate({a="b"}[5m])))", "1:6: syntax error: unexpected STRING"},
        {R"(sort(rate({a="b"}[5m])) by (x))", ": sort and sort_desc doesn't allow grouping by "},
        {R"(sort(1, rate({a="b"}[5m])))", ": unsupported parameter for operation sort(1,"},
        {R"(approx_topk(3, rate({a="b"}[5m])) by (x))",
         ": grouping not allowed for approx_topk aggregation"},
        {R"(sum_over_time({a="b"}[5m]))", ": invalid aggregation sum_over_time without unwrap"},
        {R"(sum_over_time({a="b"} | unwrap x [5m]) by (y))",
         ": grouping not allowed for sum_over_time aggregation"},
        {R"(count_over_time({a="b"} | unwrap x [5m]))",
         ": invalid aggregation count_over_time with unwrap"},
        {R"(bytes_over_time({a="b"} | unwrap x [5m]))",
         ": invalid aggregation bytes_over_time with unwrap"},
        {R"(rate_counter({a="b"}[5m]))", ": invalid aggregation rate_counter without unwrap"},
        {R"(quantile_over_time({a="b"} | unwrap x [5m]))",
         ": parameter required for operation quantile_over_time"},
        {R"(quantile_over_time("x", {a="b"} | unwrap x [5m]))",
         "1:20: syntax error: unexpected STRING, expecting NUMBER or { or ("},
        {R"(count_over_time(5, {a="b"}[5m]))",
         ": parameter 5 not supported for operation count_over_time"},
        {R"(first_over_time({a="b"}[5m]))", ": invalid aggregation first_over_time without unwrap"},
        {R"(sum_over_time({a="b"} | unwrap x | line_format "y" [5m]))",
         "1:36: syntax error: unexpected line_format, expecting IDENTIFIER or ("},
        {R"(sum_over_time({a="b"} | unwrap nosuch(x) [5m]))",
         "1:38: syntax error: unexpected (, expecting RANGE or |"},
        {R"(sum_over_time({a="b"} | unwrap [5m]))",
         "1:32: syntax error: unexpected RANGE, expecting IDENTIFIER or BYTES_CONV or "
         "DURATION_CONV or DURATION_SECONDS_CONV"},
        {R"(sum_over_time({a="b"} | unwrap x | unwrap y [5m]))",
         "1:36: syntax error: unexpected unwrap, expecting IDENTIFIER or ("},
        {R"(rate({a="b"}[5m]) + {a="b"})",
         ": unexpected type for right leg of binary operation (+): a log query, not a metric "
         "query"},
        {R"({a="b"} + {a="b"})",
         ": unexpected type for left leg of binary operation (+): a log query, not a metric query"},
        {R"({a="b"} and {c="d"})",
         ": unexpected type for left leg of binary operation (and): a log query, not a metric "
         "query"},
        {R"(rate({a="b"}[5m]) +)", "1:20: syntax error: unexpected $end"},
        {R"(+ rate({a="b"}[5m]))", "1:3: syntax error: unexpected RATE, expecting NUMBER"},
        {"1 and vector(1)",
         ": unexpected literal for left leg of logical/set binary operation (and): 1.000000"},
        {"1 or 1",
         ": unexpected literal for left leg of logical/set binary operation (or): 1.000000"},
        {"vector(1) and 1",
         ": unexpected literal for right leg of logical/set binary operation (and): 1.000000"},
        {"vector()", "1:8: syntax error: unexpected ), expecting NUMBER"},
        {"vector(x)", "1:8: syntax error: unexpected IDENTIFIER, expecting NUMBER"},
        {"vector(vector(1))", "1:8: syntax error: unexpected VECTOR, expecting NUMBER"},
        {"vector(-1)", "1:8: syntax error: unexpected -, expecting NUMBER"},
        {R"(label_replace(rate({a="b"}[5m]), "d", "$1", "s"))",
         "1:48: syntax error: unexpected ), expecting ,"},
        {R"(label_replace(rate({a="b"}[5m]), "d", "$1", "s", "("))",
         ": invalid regex in label_replace: error parsing regexp: missing closing ): `^(?:()$`"},
        {R"(label_replace({a="b"}, "d", "$1", "s", "x"))", "1:22: syntax error: unexpected ,"},
        {"vector(1) + group_left vector(1)", "1:13: syntax error: unexpected group_left"},
        {"vector(1) + on(x) group_left() group_right() vector(1)",
         "1:32: syntax error: unexpected group_right"},
        {"vector(1) == on() bool vector(1)", "1:19: syntax error: unexpected bool"},
        {"5 5", "1:3: syntax error: unexpected NUMBER"},
        {R"("x")", "1:1: syntax error: unexpected STRING"},
        {"5m", "1:1: syntax error: unexpected DURATION"},
        {"1..2", "1:3: syntax error: unexpected NUMBER"},
        {"0x", "1:1: hexadecimal literal has no digits"},
        {"1e", "1:1: exponent has no digits"},
        {"@", "1:1: syntax error: unexpected IDENTIFIER"},
        {";", "1:1: syntax error: unexpected IDENTIFIER"},
        {R"(variants(count_over_time({a="b"}[5m])) of ({a="b"}[5m]))",
         "multi variant queries are disabled for this instance"},
        {"sum(\n  rate({a=\"b\"}[5m]\n)", "3:2: syntax error: unexpected $end"},
        {"\t", "1:2: syntax error: unexpected $end"},
        {"# only a comment", "1:17: syntax error: unexpected $end"},
        {R"(approx_topk by (zone) (1, sum by (zone) (bytes_over_time({namespace=~".+"}[1h]))))",
         ": grouping not allowed for approx_topk aggregation"},
        {R"(approx_topk(0, sum by (zone) (count_over_time({namespace=~".+"}[1h]))))",
         ": invalid parameter (must be greater than 0) approx_topk(0"},
        {"3 unless 4",
         ": unexpected literal for left leg of logical/set binary operation (unless): 3.000000"},
        {"Inf", "1:1: syntax error: unexpected IDENTIFIER"},
        {R"(rate ( {a="b"} [ 5m ] ))", R"(1:16: not a valid duration string: " 5m ")"},
        {"0x10",
         R"(: unable to parse literal as a float: strconv.ParseFloat: parsing "0x10": invalid syntax)"},
        {"nonsense", "1:1: syntax error: unexpected IDENTIFIER"},
        {"", ": syntax error: unexpected $end"},
        {R"(count_over_time({metric="edge"}[1ns]))",
         R"(1:32: unknown unit "ns" in duration "1ns")"},
    });
}

// Which of several errors is told: syntax before meaning, then the first in the text.
TEST(ParseErrors, Order) {
    expect_errors({
        {"topk(0, rate({a=\"b\"}[5m])) x", "1:28: syntax error: unexpected IDENTIFIER"},
        {"rate({}[5m]) + topk(0, vector(1))", kNotSelective},
        {"topk(0, rate({}[5m]))", ": invalid parameter (must be greater than 0) topk(0"},
        {"{} |~ \"(\"", kNotSelective},
        {"{a=\"b\"} + 1 x",
         ": unexpected type for left leg of binary operation (+): a log query, not a metric query"},
        {"{a=~\"(\" \"\\q\"", ": error parsing regexp: missing closing ): `(`"},
        {"{a \"\\q\"", "1:4: invalid char escape"},
    });
}

TEST(ParseErrors, LineFiltersAreNamedInARow) {
    expect_errors({
        {"{a=\"b\"} |= \"x\" |~ \"(\" != \"y\" | json",
         ": stage '|= \"x\" |~ \"(\" != \"y\"' : error parsing regexp: missing closing ): `(`"},
    });
}

// Each of these is small, but not all of them together.
TEST(ParseErrors, RegularExpressionsHaveABudget) {
    const std::string problem = "the regular expressions of the query are too large";
    const auto repeat = [](const std::string& text) {
        std::string out;
        for (int i = 0; i < 20; ++i) {
            out += text;
        }
        return out;
    };
    const std::string large = "\\\\pL{50}";
    const std::string filters = repeat(" |~ \"" + large + "\"");
    expect_errors({
        {"{" + repeat("a=~\"" + large + "\",") + "b=\"c\"}", ": " + problem},
        {"{a=\"b\"}" + repeat(" | x=~\"" + large + "\""), ": " + problem},
        {"{a=\"b\"}" + filters, ": stage '" + filters.substr(1) + "' : " + problem},
        {"{a=\"b\"}" + repeat(" | regexp \"(?P<x>" + large + ")\""),
         ": invalid regexp parser: " + problem},
        {repeat("label_replace(") + "vector(1)" + repeat(", \"\", \"\", \"\", \"" + large + "\")"),
         ": invalid regex in label_replace: " + problem},
    });
}

TEST(ParseErrors, Limits) {
    const std::string message = ": query is nested more than 1000 deep";
    expect_errors({
        {std::string(kQueryBytesMax, ' '), ": input size too long (131072 > 131072)"},
        {std::string(100'000, '('), message},
        {"{a=\"b\"} | " + std::string(100'000, '('), message},
        {"rate(" + std::string(100'000, '('), message},
    });
    std::string chain = "vector(1)";
    std::string power = "2";
    std::string filters = "{a=\"b\"} | x=1";
    for (int i = 0; i < 1001; ++i) {
        chain += "+vector(1)";
        power += "^vector(2)";
        filters += ",x=1";
    }
    expect_errors({{chain, message}, {power, message}, {filters, message}});
    EXPECT_EQ(short_error(std::string(1000, '(') + "1" + std::string(1000, ')')), "accepted");
}

TEST(ParseErrors, BytesThatAreNoText) {
    using namespace std::string_literals;
    expect_errors({
        {"{a=\"b\"} |= \"\0\""s, "1:12: invalid character NUL"},
        {"{a=\"b\"} \0"s, "1:9: invalid character NUL"},
        {"{a=\"b\"} |= \"\xff\"", "1:12: invalid UTF-8 rune"},
        {"{a=\"b\"} \xff", "1:9: invalid UTF-8 encoding"},
        {"{a=\"b\"} |= \"\\400\"", "1:12: invalid syntax"},
        {"{a=\"b\"} |= \"\\ud800\"", "1:12: invalid syntax"},
        {"{a=\"b\"} |= \"\\x1\"", "1:12: invalid char escape"},
        {"{a=\"b\"} |= \"x\ny\"", "1:12: literal not terminated"},
        {"{a=\"b\"} /* x", "1:9: comment not terminated"},
        {"{a='bc'}", "1:4: invalid char literal"},
        {"{a=\u201cb\u201d}", "1:4: syntax error: unexpected IDENTIFIER, expecting STRING"},
        {"{@=\"x\"}", "1:2: syntax error: unexpected @, expecting IDENTIFIER or }"},
    });
}

}  // namespace
}  // namespace logi::logql
