#include "agent/jmespath/expression.h"

#include <gtest/gtest.h>

namespace logi::agent::jmespath {
namespace {

struct Case {
    const char* json;
    const char* expression;
    const char* result;
};

// Most are of the examples of jmespath.org.
const Case kCases[] = {
    {R"({"a":"foo"})", "a", R"("foo")"},
    {R"({"a":{"b":{"c":{"d":"v"}}}})", "a.b.c.d", R"("v")"},
    {R"({"a":1})", "b.c", "null"},
    {R"({"a b":1,"x":2})", R"("a b")", "1"},
    {R"(["a","b","c"])", "[1]", R"("b")"},
    {R"(["a","b","c"])", "[-1]", R"("c")"},
    {R"(["a"])", "[5]", "null"},
    {R"({"a":{"b":[{"c":[0,[1,2]]}]}})", "a.b[0].c[1][0]", "1"},
    {"[0,1,2,3,4,5]", "[0:3]", "[0,1,2]"},
    {"[0,1,2,3,4,5]", "[:2]", "[0,1]"},
    {"[0,1,2,3,4,5]", "[::2]", "[0,2,4]"},
    {"[0,1,2,3,4,5]", "[::-1]", "[5,4,3,2,1,0]"},
    {"[0,1,2,3,4,5]", "[-2:]", "[4,5]"},
    {R"({"p":[{"f":"a"},{"f":"b"},{"m":1}]})", "p[*].f", R"(["a","b"])"},
    {R"({"p":[{"f":"a"},{"f":"b"},{"f":"c"}]})", "p[:2].f", R"(["a","b"])"},
    {R"({"ops":{"x":{"n":2},"y":{"n":3},"z":{"m":1}}})", "ops.*.n", "[2,3]"},
    {R"({"r":[{"i":[{"s":"up"},{"s":"down"}]},{"i":[{"s":"on"}]}]})",
     "r[*].i[*].s",
     R"([["up","down"],["on"]])"},
    {R"({"r":[{"i":[{"s":"up"},{"s":"down"}]},{"i":[{"s":"on"}]}]})",
     "r[].i[].s",
     R"(["up","down","on"])"},
    {R"({"r":[[0,1],2,[3],[4,[5]]]})", "r[]", "[0,1,2,3,4,[5]]"},
    {R"({"m":[{"n":"a","s":"up"},{"n":"b","s":"down"}]})", "m[?s=='up'].n", R"(["a"])"},
    {R"({"m":[{"n":"a","v":3},{"n":"b","v":7}]})", "m[?v > `5`].n | [0]", R"("b")"},
    {R"({"m":[{"n":"a","v":3},{"n":"b","v":7}]})", "m[?v<`5` || n=='b'] | length(@)", "2"},
    {R"({"p":[{"f":"a"},{"f":"b"}]})", "p[*].f | [0]", R"("a")"},
    {R"({"p":[{"n":"a","s":{"n":"up"}}]})", "p[].[n, s.n]", R"([["a","up"]])"},
    {R"({"p":[{"n":"a","s":{"n":"up"}}]})",
     "p[].{Name: n, State: s.n}",
     R"([{"Name":"a","State":"up"}])"},
    {R"({"p":[{"n":"b"},{"n":"a"},{"n":"c"}]})", "sort_by(p, &n)[*].n", R"(["a","b","c"])"},
    {R"({"p":[{"n":"b","a":30},{"n":"a","a":50}]})", "max_by(p, &a).n", R"("a")"},
    {R"({"m":["foobar","barbaz"]})", "m[?contains(@, 'foo') == `true`]", R"(["foobar"])"},
    {"[1,2,3]", "sum(@)", "6"},
    {"[1,2]", "avg(@)", "1.5"},
    {R"({"a":null,"b":5})", "not_null(a, b)", "5"},
    {R"({"a":["x","y"]})", "join(', ', a)", R"("x, y")"},
    {R"({"a":1,"b":2})", "keys(@)", R"(["a","b"])"},
    {R"({"a":1,"b":2})", "merge(@, `{\"b\": 3}`)", R"({"a":1,"b":3})"},
    {R"({"a":"12"})", "to_number(a)", "12"},
    {R"({"a":[1,"x"]})", "to_string(a)", R"("[1,\"x\"]")"},
    {R"({"a":true})", "!a", "false"},
    {R"({"a":0,"b":""})", "b || a", "0"},
    {R"({"a":{"x":1},"b":"y"})", "a && b", R"("y")"},
    {R"({"a":[{"b":1},{"b":2}]})", "a[?b==`2`] | [0].b", "2"},
    {R"({"a":"it's"})", R"(a == 'it\'s')", "true"},
    {R"({"a":[3,1,2]})", "reverse(sort(a))", "[3,2,1]"},
    {R"({"a":[{"b":1}]})", "map(&b, a)", "[1]"},
    {R"({"a":"b"})", "type(a)", R"("string")"},
    {R"({"a":"ä"})", "length(a)", "1"},
    {R"({"a":1.5})", "floor(a)", "1"},
    {R"({"a":[1]})", "a.b", "null"},
    {R"({"a":[1]})", "a[*].b[*]", "[]"},
};

TEST(JmespathTest, Table) {
    for (const Case& c : kCases) {
        const auto expression = Expression::parse(c.expression);
        ASSERT_TRUE(expression.ok()) << c.expression << ": " << expression.status();
        const auto result = expression->search(*parse_json(c.json));
        EXPECT_EQ(result.ok() ? result->to_json() : result.status().ToString(), c.result)
            << c.expression;
    }
}

TEST(JmespathTest, RefusesWhatIsWrong) {
    const auto error = [](const char* text) {
        return std::string(message_of(Expression::parse(text).status()));
    };
    EXPECT_EQ(error("a["), "the expression 'a[' is wrong at character 3");
    EXPECT_EQ(error("a..b"), "the expression 'a..b' is wrong at character 3");
    EXPECT_EQ(error("a b"), "the expression 'a b' is wrong at character 3");
    EXPECT_EQ(error(""), "the expression '' is wrong at character 1");
    EXPECT_EQ(error("a[?b"), "the expression 'a[?b' is wrong at character 5");
    EXPECT_EQ(error("'a"), "the expression ''a' is wrong at character 3");
    EXPECT_EQ(error("nothing(a)"), "there is no function 'nothing' of 1 arguments");
    EXPECT_EQ(error("length(a, b)"), "there is no function 'length' of 2 arguments");
    EXPECT_NE(error(std::string(10'000, '(').c_str()), "");
    EXPECT_FALSE(Expression::parse("sum(@)")->search(*parse_json("[\"a\"]")).ok());
}

TEST(JmespathTest, KnowsPlainPaths) {
    const auto steps = [](const char* text) {
        return Expression::parse(text)->steps() != nullptr;
    };
    EXPECT_TRUE(steps("a.\"b.c\"[0][-1].d"));
    EXPECT_FALSE(steps("a[*]"));
    EXPECT_FALSE(steps("a || b"));
    EXPECT_FALSE(steps("a[0:1]"));
}

}  // namespace
}  // namespace logi::agent::jmespath
