#include "canary/ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace logi::canary {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr Timestamp at(std::int64_t seconds) {
    return {seconds * kNanosPerSecond};
}

TEST(Ledger, LinesComeInTheirOrder) {
    Ledger ledger;
    for (int i = 1; i <= 3; ++i) {
        EXPECT_EQ(ledger.write(at(i), at(i)), at(i));
    }
    const Received first = ledger.receive(at(1), at(4));
    EXPECT_EQ(first.receipt, Receipt::kNext);
    EXPECT_EQ(first.latency, Duration::seconds(3));
    EXPECT_EQ(ledger.receive(at(3), at(5)).receipt, Receipt::kOutOfOrder);
    EXPECT_EQ(ledger.receive(at(2), at(6)).receipt, Receipt::kNext);
    EXPECT_EQ(ledger.waiting(), 0U);
}

TEST(Ledger, ALineOfAnOlderTimeIsInOrderWhenItIsWrittenSo) {
    Ledger ledger;
    ledger.write(at(100), at(100));
    ledger.write(at(50), at(101));
    ledger.write(at(102), at(102));
    for (const int time : {100, 50, 102}) {
        EXPECT_EQ(ledger.receive(at(time), at(103)).receipt, Receipt::kNext);
    }
}

TEST(Ledger, NoTwoLinesHaveOneTime) {
    Ledger ledger;
    EXPECT_EQ(ledger.write(at(1), at(1)), at(1));
    EXPECT_EQ(ledger.write(at(1), at(2)), at(1) + Duration{1});
    ledger.receive(at(1), at(3));
    EXPECT_EQ(ledger.write(at(1), at(4)), at(1) + Duration{2});
}

TEST(Ledger, WhatComesAgainIsADuplicateForAWhile) {
    Ledger ledger;
    ledger.write(at(1), at(1));
    ledger.receive(at(1), at(2));
    EXPECT_EQ(ledger.receive(at(1), at(3)).receipt, Receipt::kDuplicate);
    EXPECT_EQ(ledger.give_up(Duration::seconds(60), at(61)), 0U);
    EXPECT_EQ(ledger.receive(at(1), at(61)).receipt, Receipt::kDuplicate);
    EXPECT_EQ(ledger.give_up(Duration::seconds(60), at(62)), 0U);
    EXPECT_EQ(ledger.receive(at(1), at(62)).receipt, Receipt::kUnexpected);
    EXPECT_EQ(ledger.receive(at(7), at(62)).receipt, Receipt::kUnexpected);
}

TEST(Ledger, WhatDoesNotComeIsMissingUntilItIsFoundOrLost) {
    Ledger ledger;
    for (int i = 1; i <= 3; ++i) {
        ledger.write(at(i), at(i));
    }
    EXPECT_EQ(ledger.give_up(Duration::seconds(10), at(12)), 2U);
    EXPECT_EQ(ledger.waiting(), 1U);
    EXPECT_THAT(ledger.missing(), SizeIs(2));
    EXPECT_EQ(ledger.receive(at(3), at(12)).receipt, Receipt::kNext);
    EXPECT_EQ(ledger.receive(at(1), at(12)).receipt, Receipt::kUnexpected);
    ledger.find(at(1));
    EXPECT_THAT(ledger.lose(Duration::seconds(20), at(21)), IsEmpty());
    const auto lost = ledger.lose(Duration::seconds(20), at(22));
    ASSERT_THAT(lost, SizeIs(1));
    EXPECT_EQ(lost[0].time, at(2));
    EXPECT_THAT(ledger.missing(), IsEmpty());
}

}  // namespace
}  // namespace logi::canary
