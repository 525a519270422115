#include "catalog/catalog.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "bucket/faulty_bucket.h"
#include "bucket/memory_bucket.h"
#include "io/sim_executor.h"

#include <gtest/gtest.h>

namespace logi::catalog {
namespace {

constexpr std::uint64_t kJournal = 77;

SegmentInfo put_segment(bucket::Bucket& bucket, Catalog& catalog) {
    static std::uint64_t from = 0;
    SegmentInfo info;
    info.key = catalog.new_segment_key({kJournal, from++, 9, {}, 0});
    info.rows = 7;
    EXPECT_TRUE(bucket.put(info.key, "segment").ok());
    return info;
}

class SnapshotBytes : public testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(SharedOrNot, SnapshotBytes, testing::Bool());

TEST_P(SnapshotBytes, EveryChangedOrMissingByteIsNoticed) {
    Snapshot snapshot;
    if (GetParam()) {
        snapshot.lineage = {3, UINT64_MAX};
        snapshot.replaced = {{"c/d", 42}, {"e", 300}};
    }
    snapshot.number = 42;
    snapshot.writer = "w";
    snapshot.written_at = {12};
    snapshot.positions = {{1, 5}, {9, 77}};
    snapshot.segments.push_back({"a/b", {1}, {2}, 3, 4, 5, 6, 0, 0});
    snapshot.segments.back().deletes_applied_on = 41;
    snapshot.deletes.push_back(
        {"id", "{a=\"b\"} |= `c`", {-5}, {9}, {10}, {{7, 8}, {9, UINT64_MAX}}, 40, 41, {}});
    const std::string bytes = encode_snapshot(snapshot);
    const auto back = decode_snapshot(bytes);
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(back->positions, snapshot.positions);
    EXPECT_EQ(back->segments, snapshot.segments);
    EXPECT_EQ(back->deletes, snapshot.deletes);
    EXPECT_EQ(back->written_at, snapshot.written_at);
    EXPECT_EQ(back->lineage, snapshot.lineage);
    EXPECT_EQ(back->replaced, snapshot.replaced);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        std::string changed = bytes;
        changed[i] = static_cast<char>(changed[i] ^ 0x10);
        EXPECT_FALSE(decode_snapshot(changed).ok()) << i;
        EXPECT_FALSE(decode_snapshot(std::string_view(bytes).substr(0, i)).ok()) << i;
    }
}

// As version 1 wrote it.
TEST(Snapshot, OldOnesAreRead) {
    const std::string hex =
        "4c4f47494341544c0100000001000000030000000000000010303063306666656530306330666665650100002a"
        "36fe9c97170900000000000000024a74656e616e74732f742f7365676d656e74732f3030303030303030303030"
        "3030303030303030322d30303030313730303030303030303030303030302d302d392d302e7365676d656e74e8"
        "03000000000000d007000000000000ac02c0b802882707004a74656e616e74732f742f7365676d656e74732f30"
        "303030303030303030303030303030303030322d30303030313730303030303030303030303030302d302d392d"
        "312e7365676d656e74e903000000000000d107000000000000ac02c0b802882707007ed7ce5a";
    const auto snapshot = decode_snapshot(absl::HexStringToBytes(hex));
    ASSERT_TRUE(snapshot.ok()) << snapshot.status();
    EXPECT_EQ(snapshot->number, 3U);
    EXPECT_EQ(snapshot->position(1'700'000'000'000'000'000), 9U);
    ASSERT_EQ(snapshot->segments.size(), 2U);
    EXPECT_EQ(snapshot->segments[1].min_time.ns, 1001);
    EXPECT_EQ(snapshot->segments[1].rows, 300U);
    EXPECT_EQ(snapshot->segments[1].deletes_applied_on, 0U);
    EXPECT_TRUE(snapshot->deletes.empty());
    // What is written next is of the present version.
    const auto again = decode_snapshot(encode_snapshot(*snapshot));
    ASSERT_TRUE(again.ok());
    EXPECT_EQ(again->segments, snapshot->segments);
}

TEST(Catalog, CommitsOnlyWhatFollowsThePosition) {
    bucket::MemoryBucket bucket;
    io::SimClock clock;
    io::SeededRandom random(1);
    auto catalog = Catalog::open(bucket, clock, random, "t", {kJournal});
    ASSERT_TRUE(catalog.ok());
    const SegmentInfo first = put_segment(bucket, **catalog);
    EXPECT_TRUE((*catalog)->commit({10, 0, 5, {first}, 0}).ok());
    EXPECT_EQ((*catalog)->commit({10, 0, 5, {first}, 0}).code(),
              absl::StatusCode::kFailedPrecondition);
    EXPECT_TRUE((*catalog)->commit({10, 5, 8, {put_segment(bucket, **catalog)}, 0}).ok());
    EXPECT_EQ((*catalog)->snapshot()->position(10), 8U);
    EXPECT_EQ((*catalog)->snapshot()->segments.size(), 2U);
    // Positions of journals that are gone are dropped.
    EXPECT_TRUE((*catalog)->commit({12, 0, 1, {}, 12}).ok());
    EXPECT_EQ((*catalog)->snapshot()->positions.size(), 1U);
}

TEST(Catalog, OfTwoCommittersOfOneGenerationOneWins) {
    bucket::MemoryBucket bucket;
    io::SimClock clock;
    io::SeededRandom random(1);
    auto a = Catalog::open(bucket, clock, random, "t", {kJournal});
    auto b = Catalog::open(bucket, clock, random, "t", {kJournal});
    ASSERT_TRUE(a.ok() && b.ok());
    EXPECT_TRUE((*a)->commit({10, 0, 5, {put_segment(bucket, **a)}, 0}).ok());
    EXPECT_EQ((*b)->commit({10, 0, 5, {put_segment(bucket, **b)}, 0}).code(),
              absl::StatusCode::kFailedPrecondition);
    // Another journal's generation is rebased onto the winner's snapshot.
    auto c = Catalog::open(bucket, clock, random, "t", {kJournal});
    ASSERT_TRUE(c.ok());
    EXPECT_TRUE((*b)->commit({11, 0, 1, {put_segment(bucket, **b)}, 0}).ok());
    EXPECT_TRUE((*c)->commit({12, 0, 1, {put_segment(bucket, **c)}, 0}).ok());
    EXPECT_EQ((*c)->snapshot()->segments.size(), 3U);
}

TEST(Catalog, LeftoversOfACrashAreSweptAndTenantsAreApart) {
    bucket::MemoryBucket bucket;
    io::SimClock clock;
    io::SeededRandom random(1);
    auto catalog = Catalog::open(bucket, clock, random, "a/../b", {kJournal});
    auto other = Catalog::open(bucket, clock, random, "other", {kJournal});
    ASSERT_TRUE(catalog.ok() && other.ok());
    const SegmentInfo kept = put_segment(bucket, **catalog);
    ASSERT_TRUE((*catalog)->commit({1, 0, 1, {kept}, 0}).ok());
    const SegmentInfo leftover = put_segment(bucket, **catalog);
    EXPECT_EQ((*catalog)->new_segment_key({1, 2, 3, {}, 0}),
              (*catalog)->new_segment_key({1, 2, 3, {}, 0}));
    EXPECT_NE((*catalog)->new_segment_key({1, 2, 3, {}, 0}),
              (*catalog)->new_segment_key({1, 2, 3, {kept}, 0}));
    const SegmentInfo others = put_segment(bucket, **other);
    auto reopened = Catalog::open(bucket, clock, random, "a/../b", {kJournal});
    ASSERT_TRUE(reopened.ok());
    EXPECT_TRUE(bucket.get(kept.key).ok());
    EXPECT_EQ(bucket.get(leftover.key).status().code(), absl::StatusCode::kNotFound);
    EXPECT_TRUE(bucket.get(others.key).ok());
}

// The process that had the bucket before is dead, but its last commit arrives after the next one
// has looked what there is.
TEST(Catalog, ALateCommitDoesNotNameWhatWasSwept) {
    bucket::MemoryBucket bucket;
    io::SimClock clock;
    io::SeededRandom random(1);
    bucket::FaultyNetwork network(bucket, 1);
    bucket::FaultyBucket way(network, {});
    auto dead = Catalog::open(bucket, clock, random, "t", {kJournal});
    ASSERT_TRUE(dead.ok());
    const SegmentInfo segment = put_segment(bucket, **dead);
    bool arrived = false;
    way.set_filter([&](const std::string& what, const std::string& /*key*/) {
        // It comes as late as it can.
        if ((what == "remove" || what == "put_if_absent") && !std::exchange(arrived, true)) {
            (*dead)->commit({kJournal, 0, 5, {segment}, 0}).IgnoreError();
        }
        return absl::OkStatus();
    });
    auto next = Catalog::open(way, clock, random, "t", {kJournal});
    ASSERT_TRUE(next.ok());
    EXPECT_TRUE(arrived);
    // As the store does: what the position does not tell to be in segments is flushed anew.
    FlushCommit commit{kJournal, 0, 5, {}, 0};
    SegmentInfo again;
    again.key = "tenants/t/segments/again.segment";
    ASSERT_TRUE(bucket.put(again.key, "segment").ok());
    commit.segments.push_back(again);
    (*next)->commit(commit).IgnoreError();
    EXPECT_EQ((*next)->snapshot()->position(kJournal), 5U);
    for (const auto& named : (*next)->snapshot()->segments) {
        EXPECT_TRUE(bucket.get(named.key).ok()) << named.key;
    }
}

// Files get lost; what a lost snapshot named is not taken for a leftover.
TEST(Catalog, MissingSnapshotsLoseNoSegment) {
    for (const std::uint64_t missing : {1U, 3U}) {
        bucket::MemoryBucket bucket;
        io::SimClock clock;
        io::SeededRandom random(1);
        {
            auto catalog = Catalog::open(bucket, clock, random, "t", {kJournal});
            ASSERT_TRUE(catalog.ok());
            for (std::uint64_t i = 0; i < 3; ++i) {
                ASSERT_TRUE(
                    (*catalog)->commit({1, i, i + 1, {put_segment(bucket, **catalog)}, 0}).ok());
            }
        }
        for (std::uint64_t i = 0; i < missing; ++i) {
            ASSERT_TRUE(bucket
                            .remove(absl::StrCat(
                                "tenants/t/catalog/0000000000000000000", 3 - i, ".snapshot"))
                            .ok());
        }
        // Its journal is gone too.
        auto catalog = Catalog::open(bucket, clock, random, "t", {kJournal + 1});
        ASSERT_TRUE(catalog.ok()) << catalog.status();
        EXPECT_EQ((*catalog)->snapshot()->segments.size(), 3U);
        const std::uint64_t position = (*catalog)->snapshot()->position(1);
        ASSERT_TRUE((*catalog)->commit({1, position, 9, {put_segment(bucket, **catalog)}, 0}).ok());
        auto again = Catalog::open(bucket, clock, random, "t", {});
        ASSERT_TRUE(again.ok());
        EXPECT_EQ((*again)->snapshot()->segments.size(), 4U);
    }
}

// Made on a snapshot before the newest, it was replaced or its commit was tried again.
TEST(Catalog, OldLeftoversAreSweptWhenTheirJournalIsGone) {
    bucket::MemoryBucket bucket;
    io::SimClock clock;
    io::SeededRandom random(1);
    auto catalog = Catalog::open(bucket, clock, random, "t", {});
    ASSERT_TRUE(catalog.ok());
    const SegmentInfo leftover = put_segment(bucket, **catalog);
    ASSERT_TRUE((*catalog)->commit({1, 0, 1, {put_segment(bucket, **catalog)}, 0}).ok());
    auto reopened = Catalog::open(bucket, clock, random, "t", {});
    ASSERT_TRUE(reopened.ok());
    EXPECT_EQ((*reopened)->snapshot()->segments.size(), 1U);
    EXPECT_FALSE(bucket.get(leftover.key).ok());
}

TEST(Snapshot, RandomRubbishIsRefused) {
    io::SeededRandom random(1);
    Snapshot snapshot;
    snapshot.writer = "w";
    for (std::uint64_t i = 0; i < 50; ++i) {
        snapshot.positions[i] = i;
        snapshot.segments.push_back({absl::StrCat("key", i), {1}, {2}, 3, 4, 5, 6, 0, 0});
    }
    const std::string bytes = encode_snapshot(snapshot);
    for (int turn = 0; turn < 2000; ++turn) {
        std::string damaged = bytes;
        const std::size_t at = random.below(damaged.size());
        const std::size_t length = std::min(damaged.size() - at, random.below(300) + 1);
        for (std::size_t i = at; i < at + length; ++i) {
            damaged[i] = turn % 2 == 0 ? '\0' : static_cast<char>(random.next_u64());
        }
        ASSERT_EQ(decode_snapshot(damaged).ok(), damaged == bytes);
    }
}

TEST(Catalog, DamagedNewestSnapshotLosesNoSegment) {
    bucket::MemoryBucket bucket;
    io::SimClock clock;
    io::SeededRandom random(1);
    std::vector<SegmentInfo> segments;
    {
        auto catalog = Catalog::open(bucket, clock, random, "t", {kJournal});
        ASSERT_TRUE(catalog.ok());
        for (std::uint64_t i = 0; i < 5; ++i) {
            segments.push_back(put_segment(bucket, **catalog));
            ASSERT_TRUE((*catalog)->commit({1, i, i + 1, {segments.back()}, 0}).ok());
        }
    }
    const std::string newest = "tenants/t/catalog/00000000000000000005.snapshot";
    ASSERT_TRUE(bucket.get(newest).ok());
    ASSERT_TRUE(bucket.put(newest, "rubbish").ok());
    auto catalog = Catalog::open(bucket, clock, random, "t", {kJournal});
    ASSERT_TRUE(catalog.ok()) << catalog.status();
    EXPECT_EQ((*catalog)->snapshot()->segments.size(), 5U);
    EXPECT_TRUE((*catalog)->commit({2, 0, 1, {put_segment(bucket, **catalog)}, 0}).ok());
    auto again = Catalog::open(bucket, clock, random, "t", {kJournal});
    ASSERT_TRUE(again.ok());
    EXPECT_EQ((*again)->snapshot()->segments.size(), 6U);
}

}  // namespace
}  // namespace logi::catalog
