#include "exec/memory_budget.h"

#include <gtest/gtest.h>

namespace logi::exec {
namespace {

TEST(MemoryBudget, RefusesWhatIsBeyondTheLimit) {
    MemoryBudget budget(100);
    EXPECT_TRUE(budget.charge(100).ok());
    EXPECT_TRUE(absl::IsResourceExhausted(budget.charge(1)));
    budget.give_back(2);
    EXPECT_EQ(budget.left_bytes(), 1);
    EXPECT_TRUE(budget.charge(1).ok());
}

TEST(MemoryBudget, WhatIsHeldForAQueryIsTheQuerys) {
    MemoryBudget whole(100);
    {
        MemoryBudget one(&whole);
        MemoryBudget other(&whole);
        EXPECT_TRUE(one.charge(60).ok());
        EXPECT_EQ(other.left_bytes(), 40);
        EXPECT_TRUE(absl::IsResourceExhausted(other.charge(60)));
        other.give_all_back();
        EXPECT_TRUE(other.charge(40).ok());
        EXPECT_EQ(whole.left_bytes(), 0);
        one.give_back(10);
        EXPECT_EQ(whole.left_bytes(), 10);
    }
    EXPECT_EQ(whole.left_bytes(), 100);
}

}  // namespace
}  // namespace logi::exec
