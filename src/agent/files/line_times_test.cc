#include "agent/files/line_times.h"

#include "io/sim_executor.h"

#include <gtest/gtest.h>

namespace logi::agent {
namespace {

constexpr Timestamp kNow{1'700'000'000'000'000'000};

TEST(LineTimesTest, AscendAndAreNeverTheSame) {
    io::SimClock clock(kNow);
    LineTimes times(clock, {});
    EXPECT_EQ(times.take(10), kNow);
    EXPECT_EQ(times.take(1), kNow + Duration{11});
    clock.advance(Duration::seconds(-1));
    EXPECT_EQ(times.take(1), kNow + Duration{13});
    clock.advance(Duration::seconds(2));
    EXPECT_EQ(times.take(1), kNow + Duration::seconds(1));
}

// A server refuses lines that are of the future.
TEST(LineTimesTest, AreNotOfAFutureThatTheClockHasLeft) {
    io::SimClock clock(kNow);
    LineTimes times(clock, kNow + Duration::hours(24 * 365));
    EXPECT_EQ(times.take(1), kNow);
    clock.advance(Duration::hours(-1));
    EXPECT_EQ(times.take(1), kNow - Duration::hours(1));
    EXPECT_EQ(times.take(1), kNow - Duration::hours(1) + Duration{2});
}

}  // namespace
}  // namespace logi::agent
