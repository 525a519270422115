#include "compact/plan.h"

#include "absl/strings/str_cat.h"

#include <gtest/gtest.h>

namespace logi::compact {
namespace {

constexpr std::uint64_t kMiB = 1ULL << 20U;
constexpr Timestamp kNoon{1'700'049'600'000'000'000};  // 2023-11-15T12:00:00Z

// Time in minutes after noon, lines in MiB.
catalog::SegmentInfo segment(std::int64_t minute, std::uint64_t mib) {
    catalog::SegmentInfo s;
    s.key = absl::StrCat("segment at ", minute, " of ", mib);
    s.min_time = kNoon + Duration::minutes(minute);
    s.max_time = s.min_time + Duration::minutes(1);
    s.line_bytes = mib * kMiB;
    s.size_bytes = s.line_bytes / 10;
    return s;
}

class Plan : public ::testing::Test {
  protected:
    std::vector<std::string> plan(Timestamp now = kNoon + Duration::hours(2)) {
        std::vector<std::string> keys;
        for (const auto& s : plan_merge(snapshot_, skip_, now, {})) {
            keys.push_back(s.key);
        }
        return keys;
    }
    void add(std::int64_t minute, std::uint64_t mib) {
        snapshot_.segments.push_back(segment(minute, mib));
    }

    static constexpr Timestamp kTomorrow = kNoon + Duration::hours(24);
    catalog::Snapshot snapshot_;
    absl::flat_hash_set<std::string> skip_;
};

TEST_F(Plan, NothingToDo) {
    EXPECT_TRUE(plan().empty());
    add(0, 100);
    EXPECT_TRUE(plan().empty());
    EXPECT_TRUE(plan(kTomorrow).empty());
}

TEST_F(Plan, AFullSliceIsMergedInTheOrderOfTime) {
    for (const int minute : {5, 3, 8, 1, 2, 7, 6, 4}) {
        add(minute, 128);
    }
    EXPECT_TRUE(plan().empty()) << "more may fit";
    add(9, 128);
    const auto keys = plan();
    ASSERT_EQ(keys.size(), 8U);
    EXPECT_EQ(keys.front(), "segment at 1 of 128");
    EXPECT_EQ(keys.back(), "segment at 8 of 128");
}

TEST_F(Plan, ADayThatIsOverIsMergedWhole) {
    add(0, 10);
    add(1, 20);
    add(2, 30);
    EXPECT_TRUE(plan().empty());
    EXPECT_TRUE(plan(kNoon + Duration::hours(12)).empty()) << "late entries may come";
    EXPECT_EQ(plan(kTomorrow).size(), 3U);
}

TEST_F(Plan, DaysAreNeverMixed) {
    add(0, 10);
    add(-24 * 60, 10);
    EXPECT_TRUE(plan(kTomorrow).empty());
    add(24 * 60, 10);
    EXPECT_TRUE(plan(kTomorrow + Duration::hours(24)).empty());
}

TEST_F(Plan, ManySmallOnesDoNotWait) {
    for (int i = 0; i < 15; ++i) {
        add(i, 1);
    }
    EXPECT_TRUE(plan().empty());
    add(15, 1);
    EXPECT_EQ(plan().size(), 16U);
}

// What comes late must not have a gigabyte written again.
TEST_F(Plan, LargeSegmentsStayAsTheyAre) {
    add(0, 1000);
    add(1, 700);
    add(2, 1);
    EXPECT_TRUE(plan(kTomorrow).empty());
    add(3, 1);
    EXPECT_EQ(plan(kTomorrow),
              (std::vector<std::string>{"segment at 2 of 1", "segment at 3 of 1"}));
}

TEST_F(Plan, WhatComesLateToASmallDayIsMerged) {
    add(0, 50);
    add(1, 1);
    EXPECT_TRUE(plan().empty());
    EXPECT_EQ(plan(kTomorrow).size(), 2U);
}

// Lines that do not compress fill a slice by their size.
TEST_F(Plan, TheSizeInTheFileIsBounded) {
    for (int i = 0; i < 8; ++i) {
        add(i, 60);
        snapshot_.segments.back().size_bytes = 60 * kMiB;
    }
    EXPECT_EQ(plan().size(), 2U);
}

TEST_F(Plan, NotTooManyAtOnce) {
    for (int i = 0; i < 100; ++i) {
        add(i, 1);
    }
    EXPECT_EQ(plan().size(), 32U);
}

TEST_F(Plan, WhatIsSkippedStays) {
    add(0, 10);
    add(1, 10);
    skip_.insert("segment at 1 of 10");
    EXPECT_TRUE(plan(kTomorrow).empty());
}

TEST_F(Plan, UnknownSegmentsAreReadFirst) {
    add(0, 10);
    add(1, 10);
    snapshot_.segments[1].min_time = Timestamp::min();
    snapshot_.segments[1].max_time = Timestamp::max();
    EXPECT_EQ(plan(kTomorrow), (std::vector<std::string>{"segment at 1 of 10"}));
}

// However segments come, no entry is merged often.
TEST_F(Plan, EntriesAreMergedAFewTimesOnly) {
    for (const std::uint64_t kib : {1U, 100U, 5'000U, 60'000U, 200'000U}) {
        snapshot_.segments.clear();
        std::uint64_t merged = 0;
        const std::uint64_t count = 3000;
        std::int64_t name = 0;
        const auto settle = [&](Timestamp now) {
            for (auto inputs = plan_merge(snapshot_, {}, now, {}); !inputs.empty();
                 inputs = plan_merge(snapshot_, {}, now, {})) {
                catalog::SegmentInfo sum = inputs.front();
                sum.key = absl::StrCat("merged ", ++name);
                sum.line_bytes = sum.size_bytes = 0;
                for (const auto& input : inputs) {
                    sum.line_bytes += input.line_bytes;
                    sum.size_bytes += input.size_bytes;
                    std::erase(snapshot_.segments, input);
                }
                merged += sum.line_bytes;
                snapshot_.segments.push_back(sum);
            }
        };
        for (std::uint64_t i = 0; i < count; ++i) {
            add(static_cast<std::int64_t>(i) / 10, 0);
            auto& s = snapshot_.segments.back();
            s.key = absl::StrCat("flushed ", i);
            s.line_bytes = kib << 10U;
            s.size_bytes = s.line_bytes / 10;
            settle(s.max_time);
            ASSERT_LT(snapshot_.segments.size(), 40U + (count * s.line_bytes >> 29U)) << kib;
        }
        settle(kTomorrow);
        const std::uint64_t total = count * (kib << 10U);
        EXPECT_LT(snapshot_.segments.size(), 8U + (total >> 29U)) << kib;
        EXPECT_LT(merged, total * 8) << kib;
        if (kib >= 60'000) {
            EXPECT_LE(merged, total) << kib;
        }
    }
}

}  // namespace
}  // namespace logi::compact
