#include "compact/clock_watch.h"

#include <gtest/gtest.h>

namespace logi::compact {
namespace {

constexpr Timestamp kNow{1'700'000'000'000'000'000};

// Ticks until the clock is believed; how long that took.
Duration trial(ClockWatch& watch, Timestamp& now) {
    Duration waited;
    while (!watch.believes(now) && waited < Duration::hours(100)) {
        now = now + ClockWatch::kTick;
        waited.ns += ClockWatch::kTick.ns;
        watch.tick(now);
    }
    return waited;
}

TEST(ClockWatch, BelievesAClockThatAgreesWithWhatIsWritten) {
    EXPECT_TRUE(ClockWatch(kNow, {}).believes(kNow));
    EXPECT_TRUE(ClockWatch(kNow, kNow - Duration::hours(23)).believes(kNow));
    EXPECT_TRUE(ClockWatch(kNow, kNow + Duration::hours(500)).believes(kNow)) << "keeps more";
    EXPECT_FALSE(ClockWatch(kNow, kNow - Duration::hours(25)).believes(kNow));
}

TEST(ClockWatch, AJumpCostsADay) {
    for (const Duration jump : {Duration::hours(24 * 365), Duration::hours(-2)}) {
        ClockWatch watch(kNow, kNow);
        Timestamp now = kNow + ClockWatch::kTick;
        watch.tick(now);
        ASSERT_TRUE(watch.believes(now));
        now = now + jump;
        EXPECT_FALSE(watch.believes(now)) << "before the next tick";
        watch.tick(now);
        EXPECT_FALSE(watch.believes(now));
        EXPECT_EQ(trial(watch, now), Duration::hours(24));
    }
}

TEST(ClockWatch, JumpingBackIsAJump) {
    ClockWatch watch(kNow, kNow);
    Timestamp now = kNow + Duration::hours(1000);
    watch.tick(now);
    now = kNow + ClockWatch::kTick;
    watch.tick(now);
    EXPECT_FALSE(watch.believes(now));
    EXPECT_EQ(trial(watch, now), Duration::hours(24));
}

TEST(ClockWatch, WhatOthersWriteMeanwhileTellsToo) {
    // Nothing was written when it began, and its clock is wrong.
    ClockWatch watch(kNow, {});
    EXPECT_TRUE(watch.believes(kNow));
    watch.compare(kNow, kNow - Duration::hours(500));
    EXPECT_FALSE(watch.believes(kNow));
    Timestamp now = kNow;
    EXPECT_EQ(trial(watch, now), Duration::hours(24));
    watch.compare(now, kNow - Duration::hours(500));
    EXPECT_TRUE(watch.believes(now)) << "nothing new: nobody writes any more";
    watch.compare(now, kNow - Duration::hours(499));
    EXPECT_FALSE(watch.believes(now));
    watch = ClockWatch(kNow, kNow);
    watch.compare(kNow, kNow + Duration::hours(1));
    EXPECT_TRUE(watch.believes(kNow));
}

TEST(ClockWatch, SlowTimersAreNoJump) {
    ClockWatch watch(kNow, kNow);
    watch.tick(kNow + Duration::minutes(30));
    EXPECT_TRUE(watch.believes(kNow + Duration::minutes(31)));
}

}  // namespace
}  // namespace logi::compact
