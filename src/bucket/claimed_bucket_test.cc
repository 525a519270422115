#include "bucket/claimed_bucket.h"

#include "absl/memory/memory.h"
#include "bucket/contract.h"
#include "bucket/memory_bucket.h"
#include "io/sim_executor.h"

#include <gtest/gtest.h>

namespace logi::bucket {
namespace {

// A process's view of one bucket that all share; it can be cut off.
class Shared final : public Bucket {
  public:
    Shared(std::shared_ptr<MemoryBucket> bucket, const bool& cut)
        : bucket_(std::move(bucket)), cut_(cut) {}
    Status put(const std::string& key, std::string_view data) override {
        return cut_ ? absl::UnavailableError("cut") : bucket_->put(key, data);
    }
    Status put_if_absent(const std::string& key, std::string_view data) override {
        return cut_ ? absl::UnavailableError("cut") : bucket_->put_if_absent(key, data);
    }
    StatusOr<std::string> get(const std::string& key) override { return bucket_->get(key); }
    StatusOr<std::string> get_range(const std::string& key,
                                    std::uint64_t offset,
                                    std::uint64_t length) override {
        return bucket_->get_range(key, offset, length);
    }
    StatusOr<std::uint64_t> size(const std::string& key) override { return bucket_->size(key); }
    StatusOr<std::vector<ObjectInfo>> list(const std::string& prefix) override {
        if (cut_) {
            return absl::UnavailableError("cut");
        }
        return bucket_->list(prefix);
    }
    StatusOr<std::vector<std::string>> list_folders(const std::string& prefix) override {
        return bucket_->list_folders(prefix);
    }
    Status remove(const std::string& key) override { return bucket_->remove(key); }

  private:
    const std::shared_ptr<MemoryBucket> bucket_;
    const bool& cut_;
};

class World {
  public:
    struct Process {
        bool cut = false;
        bool lost = false;
        bool answered = false;
        StatusOr<std::unique_ptr<Bucket>> bucket = absl::UnavailableError("not yet");
    };

    Process& start(const std::string& owner) {
        processes_.push_back(std::make_unique<Process>());
        Process& process = *processes_.back();
        ClaimOptions options;
        options.owner = owner;
        options.shown = owner + " on host";
        options.on_lost = [&process] {
            process.lost = true;
        };
        ClaimedBucket::open({executor, clock, random},
                            std::make_unique<Shared>(objects, process.cut),
                            options,
                            [&process](auto bucket) {
                                process.answered = true;
                                process.bucket = std::move(bucket);
                            });
        return process;
    }

    void pass(Duration time) {
        const Timestamp end = clock.now() + time;
        executor.post_after(time, [] {});
        while (clock.now() < end && executor.run_one()) {
        }
        executor.run_until_idle();
    }

    io::SimClock clock{Timestamp{} + Duration::hours(1)};
    io::SimExecutor executor{1, clock};
    io::SeededRandom random{1};
    std::shared_ptr<MemoryBucket> objects = std::make_shared<MemoryBucket>();

  private:
    std::vector<std::unique_ptr<Process>> processes_;
};

TEST(ClaimedBucket, KeepsTheContract) {
    World world;
    auto& process = world.start("a");
    world.pass(Duration::seconds(1));
    ASSERT_TRUE(process.bucket.ok()) << process.bucket.status();
    check_contract(**process.bucket);
}

TEST(ClaimedBucket, OneHasItAtATime) {
    World world;
    auto& first = world.start("a");
    world.pass(Duration::seconds(1));
    auto& second = world.start("b");
    world.pass(Duration::seconds(60));
    EXPECT_FALSE(second.answered);
    EXPECT_TRUE((*first.bucket)->put("x", "1").ok());
    world.pass(Duration::seconds(90));
    EXPECT_EQ(second.bucket.status().code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_NE(message_of(second.bucket.status()).find("a on host"), std::string_view::npos);
    EXPECT_FALSE(first.lost);
}

TEST(ClaimedBucket, GoesOverWhenItIsGivenBack) {
    World world;
    auto& first = world.start("a");
    world.pass(Duration::seconds(1));
    auto& second = world.start("b");
    world.pass(Duration::seconds(10));
    EXPECT_FALSE(second.answered);
    first.bucket = absl::CancelledError("");
    world.pass(Duration::seconds(3));
    ASSERT_TRUE(second.bucket.ok()) << second.bucket.status();
    EXPECT_TRUE((*second.bucket)->put("x", "1").ok());
}

TEST(ClaimedBucket, TheSameOwnerHasItAtOnce) {
    World world;
    world.start("a");
    world.pass(Duration::seconds(1));
    world.executor.drop_all();  // killed
    auto& again = world.start("a");
    world.pass(Duration::seconds(1));
    EXPECT_TRUE(again.bucket.ok()) << again.bucket.status();
}

TEST(ClaimedBucket, ADeadOwnersIsTakenOver) {
    World world;
    world.start("a");
    world.pass(Duration::seconds(1));
    world.executor.drop_all();  // killed
    auto& second = world.start("b");
    world.pass(Duration::seconds(30));
    EXPECT_FALSE(second.answered);
    world.pass(Duration::seconds(15));
    EXPECT_TRUE(second.bucket.ok()) << second.bucket.status();
}

// At no time do both write, wherever the network is cut, for however long.
TEST(ClaimedBucket, WhoIsCutOffWritesNoMore) {
    for (int cut_for = 1; cut_for < 120; cut_for += 7) {
        World world;
        auto& first = world.start("a");
        world.pass(Duration::seconds(3));
        auto& second = world.start("b");
        world.pass(Duration::seconds(4));
        first.cut = true;
        bool both = false;
        for (int s = 0; s < 200; ++s) {
            world.pass(Duration::seconds(1));
            if (s == cut_for) {
                first.cut = false;
            }
            if (second.bucket.ok() && !first.cut) {
                both |= (*first.bucket)->put("x", "1").ok() && (*second.bucket)->put("x", "2").ok();
            }
        }
        EXPECT_FALSE(both) << cut_for;
        // Short cuts change nothing; long ones lose the claim.
        if (cut_for < 30) {
            EXPECT_TRUE((*first.bucket)->put("x", "1").ok()) << cut_for;
            EXPECT_FALSE(second.bucket.ok()) << cut_for;
        } else if (cut_for > 60) {
            EXPECT_TRUE(first.lost) << cut_for;
            EXPECT_FALSE((*first.bucket)->put("x", "1").ok()) << cut_for;
            EXPECT_TRUE((*second.bucket)->put("x", "2").ok()) << cut_for;
        }
    }
}

// The process stood still, and writes before its timers run.
TEST(ClaimedBucket, WhoHasSleptWritesNoMore) {
    World world;
    auto& first = world.start("a");
    world.pass(Duration::seconds(1));
    world.clock.advance(Duration::seconds(25));
    EXPECT_EQ((*first.bucket)->put("x", "1").code(), absl::StatusCode::kUnavailable);
    world.pass(Duration::seconds(1));
    EXPECT_TRUE((*first.bucket)->put("x", "1").ok());
}

}  // namespace
}  // namespace logi::bucket
