#include "api/byte_budget.h"

#include "io/sim_executor.h"

#include <gtest/gtest.h>

namespace logi::api {
namespace {

TEST(ByteBudget, WhatDoesNotFitWaitsItsTurn) {
    io::SimClock clock;
    io::SimExecutor executor(1, clock);
    ByteBudget budget(executor, 100);
    auto first = budget.try_take(60);
    ASSERT_NE(first, nullptr);
    EXPECT_EQ(budget.try_take(60), nullptr);
    std::vector<int> order;
    std::vector<ByteBudget::Ticket> held;
    for (int i = 0; i < 3; ++i) {
        // The first needs more than there ever is.
        budget.take(i == 0 ? 1000 : 40, [&order, &held, i](ByteBudget::Ticket ticket) {
            order.push_back(i);
            held.push_back(std::move(ticket));
        });
    }
    // It would fit, but others have waited longer.
    EXPECT_EQ(budget.try_take(1), nullptr);
    executor.run_until_idle();
    EXPECT_TRUE(order.empty());
    first.reset();
    executor.run_until_idle();
    EXPECT_EQ(order, (std::vector<int>{0}));
    held.clear();
    executor.run_until_idle();
    EXPECT_EQ(order.size(), 3U);
    EXPECT_EQ(budget.try_take(21), nullptr);
    EXPECT_NE(budget.try_take(20), nullptr);
    held.clear();
    EXPECT_NE(budget.try_take(100), nullptr);
}

TEST(ByteBudget, ATicketMayOutliveIt) {
    io::SimClock clock;
    io::SimExecutor executor(1, clock);
    ByteBudget::Ticket ticket;
    {
        ByteBudget budget(executor, 10);
        ticket = budget.try_take(5);
    }
    ticket.reset();
}

}  // namespace
}  // namespace logi::api
