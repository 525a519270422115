// What is printed reads back as the same tree.
#include "logql/parser.h"
#include "logql/printer.h"
#include "logql/random_tree.h"
#include "logql/tree.h"
#include "logql/tree_equal.h"

#include <gtest/gtest.h>

#include <string>

namespace logi::logql {
namespace {

void expect_same(const Expr& tree, const std::string& text) {
    const auto parsed = parse(text);
    ASSERT_TRUE(parsed.ok()) << parsed.status() << "\n" << text;
    EXPECT_TRUE(equal(tree, **parsed)) << text << "\nreads as\n" << to_string(**parsed);
}

TEST(RoundTrip, RandomTrees) {
    for (std::uint64_t seed = 1; seed <= 6000 && !HasFailure(); ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        const ExprPtr tree = random_tree(seed);
        expect_same(*tree, to_string(*tree));
        expect_same(*tree, pretty(*tree));
    }
}

// The comparison itself tells trees apart.
TEST(RoundTrip, TreesThatDiffer) {
    for (std::uint64_t seed = 1; seed <= 1000 && !HasFailure(); ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        const ExprPtr a = random_tree(seed);
        const ExprPtr b = random_tree(seed + 1);
        EXPECT_EQ(equal(*a, *b), to_string(*a) == to_string(*b));
    }
}

TEST(RoundTrip, DeepTrees) {
    std::string chain = "vector(1)";
    std::string power = "vector(1)";
    std::string calls = "vector(1)";
    std::string filters = "{a=\"b\"} | x=1";
    std::string loose = filters;
    for (int i = 1; i < kDepthMax; ++i) {
        chain += " - vector(1)";
        power += " ^ vector(1)";
        calls = "sum(" + calls + ")";
        filters += " or x=1";
        loose += ", x=1";
    }
    for (const auto& query : {chain, power, calls, filters, loose}) {
        const auto tree = parse(query);
        ASSERT_TRUE(tree.ok()) << tree.status() << query.substr(0, 40);
        expect_same(**tree, to_string(**tree));
        EXPECT_FALSE(pretty(**tree).empty());
    }
}

}  // namespace
}  // namespace logi::logql
