#include "agent/client/progress.h"

#include <gtest/gtest.h>

#include <vector>

namespace logi::agent {
namespace {

class ProgressTest : public testing::Test {
  protected:
    // An entry before `position` that goes into `batches` batches.
    std::uint64_t send(std::uint64_t position, std::uint64_t generation, int batches = 1) {
        bool opened = false;
        const std::uint64_t run = progress_.run_for(position, generation, opened);
        for (int i = 0; opened && i < batches; ++i) {
            progress_.hold();
        }
        return run;
    }
    std::vector<std::uint64_t> told_;
    Progress progress_{5, [this](std::uint64_t position) {
                           told_.push_back(position);
                       }};
    using Told = std::vector<std::uint64_t>;
};

TEST_F(ProgressTest, EntriesOfOneBatchAreOneRun) {
    const auto run = send(10, 1);
    EXPECT_EQ(send(20, 1), run);
    EXPECT_TRUE(told_.empty());
    EXPECT_FALSE(progress_.idle());
    progress_.release(run);
    EXPECT_EQ(told_, Told{20});
    EXPECT_TRUE(progress_.idle());
}

TEST_F(ProgressTest, ALaterBatchWaitsForAnEarlierOne) {
    const auto first = send(10, 1);
    const auto second = send(20, 2);
    progress_.release(second);
    EXPECT_TRUE(told_.empty());
    progress_.release(first);
    EXPECT_EQ(told_, Told{20});
}

TEST_F(ProgressTest, EveryClientHasToHaveIt) {
    const auto run = send(10, 1, 2);
    progress_.release(run);
    EXPECT_TRUE(told_.empty());
    progress_.release(run);
    EXPECT_EQ(told_, Told{10});
}

TEST_F(ProgressTest, WhatIsDroppedIsDoneWithWhatWasBeforeIt) {
    progress_.skip(7);
    EXPECT_EQ(told_, Told{7});
    const auto run = send(10, 1);
    progress_.skip(15);
    EXPECT_EQ(told_, Told{7});
    progress_.release(run);
    EXPECT_EQ(told_, (Told{7, 15}));
    progress_.skip(3);
    EXPECT_EQ(progress_.delivered(), 15U);
}

}  // namespace
}  // namespace logi::agent
