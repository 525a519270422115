// tests/simulation has all of it at work together.
#include "cluster/housekeeping.h"

#include "bucket/memory_bucket.h"
#include "catalog/catalog.h"
#include "cluster/announcement.h"
#include "io/sim_executor.h"

#include <gtest/gtest.h>

namespace logi::cluster {
namespace {

constexpr int kLooks = Housekeeping::kDeadAfterLooks;

TEST(AnnouncementWatch, DeadIsWhoseAnnouncementHasNotChangedForLong) {
    bucket::MemoryBucket bucket;
    AnnouncementWatch watch(bucket, kWritersFolder, kLooks);
    const std::set<std::string> writers = {"live", "dead", "never"};
    ASSERT_TRUE(bucket.put("writers/dead", "beat 1").ok());
    for (int i = 1; i < kLooks; ++i) {
        ASSERT_TRUE(bucket.put("writers/live", std::to_string(i)).ok());
        ASSERT_TRUE(watch.look(writers).ok());
        for (const auto& writer : writers) {
            EXPECT_FALSE(watch.is_dead(writer)) << writer << " after look " << i;
        }
    }
    ASSERT_TRUE(bucket.put("writers/live", "again").ok());
    ASSERT_TRUE(watch.look(writers).ok());
    EXPECT_FALSE(watch.is_dead("live"));
    EXPECT_TRUE(watch.is_dead("dead"));
    EXPECT_TRUE(watch.is_dead("never"));
    EXPECT_FALSE(watch.is_dead("unheard of"));
    // Who comes back lives.
    ASSERT_TRUE(bucket.put("writers/dead", "beat 2").ok());
    ASSERT_TRUE(watch.look(writers).ok());
    EXPECT_FALSE(watch.is_dead("dead"));
}

TEST(AnnouncementWatch, WhoSaysThatItEndsIsDeadSoonAndForgotten) {
    bucket::MemoryBucket bucket;
    io::SimClock clock;
    io::SimExecutor executor(1, clock);
    Announcement announcement(executor, bucket, {"writers/w", ""});
    announcement.start();
    executor.run_until_idle();
    AnnouncementWatch watch(bucket, kWritersFolder, kLooks);
    ASSERT_TRUE(watch.look({"w"}).ok());
    EXPECT_FALSE(watch.is_dead("w"));
    announcement.end();
    clock.advance(Duration::minutes(1));
    executor.run_until_idle();  // no beat comes after it
    ASSERT_TRUE(watch.look({"w"}).ok());
    EXPECT_TRUE(watch.is_dead("w"));
    ASSERT_TRUE(watch.forget_dead({"w"}).ok());  // a journal of its is left
    EXPECT_EQ(bucket.list("writers")->size(), 1U);
    ASSERT_TRUE(watch.forget_dead({}).ok());
    EXPECT_TRUE(bucket.list("writers")->empty());
}

}  // namespace
}  // namespace logi::cluster
