// Several catalogs over one bucket.
#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/crc32c.h"
#include "bucket/faulty_bucket.h"
#include "bucket/memory_bucket.h"
#include "catalog/catalog.h"
#include "catalog/snapshot.h"
#include "io/sim_executor.h"

#include <gtest/gtest.h>

#include <set>

namespace logi::catalog {
namespace {

class SharedCatalog : public testing::Test {
  protected:
    std::unique_ptr<Catalog> open(bucket::Bucket& bucket, std::uint64_t behind_max = 256) {
        auto catalog = Catalog::open_shared(bucket, clock_, random_, "t", {behind_max});
        EXPECT_TRUE(catalog.ok()) << catalog.status();
        return catalog.ok() ? *std::move(catalog) : nullptr;
    }
    SegmentInfo put_segment(Catalog& catalog, const FlushCommit& commit) {
        SegmentInfo info;
        info.key = catalog.new_segment_key(commit);
        EXPECT_TRUE(bucket_.put(info.key, "segment").ok());
        return info;
    }
    Status flush(Catalog& catalog, std::uint64_t journal, std::uint64_t from, std::uint64_t to) {
        FlushCommit commit{journal, from, to, {}, 0, {}};
        commit.segments.push_back(put_segment(catalog, commit));
        return catalog.commit(commit);
    }

    bucket::MemoryBucket bucket_;
    io::SimClock clock_{Timestamp{1'700'000'000'000'000'000}};
    io::SeededRandom random_{7};
};

// As a snapshot's bytes; the key of the newest one.
void damage_newest(bucket::MemoryBucket& bucket) {
    const std::string key = bucket.list("tenants/t/catalog")->back().key;
    std::string bytes = *bucket.get(key);
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
    ASSERT_TRUE(bucket.put(key, bytes).ok());
}

TEST_F(SharedCatalog, ADamagedSnapshotIsPutTogetherAndTheNextCommitIsWhole) {
    const auto writer = open(bucket_);
    ASSERT_TRUE(flush(*writer, 10, 0, 5).ok());
    ASSERT_TRUE(flush(*writer, 10, 5, 9).ok());
    damage_newest(bucket_);
    // Who comes anew has the older one and what lies in the bucket, and says so.
    const auto fresh = open(bucket_);
    EXPECT_EQ(fresh->snapshot()->number, 2U);
    EXPECT_EQ(fresh->snapshot()->segments.size(), 2U);
    EXPECT_EQ(fresh->snapshot()->position(10), 5U);
    EXPECT_NE(fresh->snapshot()->damage.find("catalog"), std::string::npos);
    ASSERT_TRUE(flush(*fresh, 11, 0, 3).ok());
    EXPECT_EQ(fresh->snapshot()->damage, "");
    // Who has known more goes on from there.
    ASSERT_TRUE(flush(*writer, 10, 9, 12).ok());
    const auto last = open(bucket_);
    EXPECT_EQ(last->snapshot()->damage, "");
    EXPECT_EQ(last->snapshot()->number, 4U);
    EXPECT_EQ(last->snapshot()->segments.size(), 4U);
    EXPECT_EQ(last->snapshot()->position(10), 12U);
    EXPECT_EQ(last->snapshot()->position(11), 3U);
}

TEST_F(SharedCatalog, ACommitWhoseSnapshotIsDamagedIsMadeOnceMore) {
    const auto first = open(bucket_);
    ASSERT_TRUE(flush(*first, 10, 0, 5).ok());
    const auto second = open(bucket_);
    FlushCommit commit{10, 5, 9, {}, 0, {}};
    commit.segments.push_back(put_segment(*first, commit));
    ASSERT_TRUE(first->commit(commit).ok());
    damage_newest(bucket_);
    ASSERT_TRUE(second->commit(commit).ok());
    EXPECT_EQ(second->snapshot()->position(10), 9U);
    EXPECT_EQ(second->snapshot()->segments.size(), 2U);
}

TEST_F(SharedCatalog, WhatWasReplacedDoesNotComeBackWhenASnapshotIsDamaged) {
    const auto catalog = open(bucket_);
    ASSERT_TRUE(flush(*catalog, 10, 0, 5).ok());
    const std::string input = catalog->snapshot()->segments[0].key;
    SegmentInfo output;
    output.key = catalog->new_merged_key();
    ASSERT_TRUE(bucket_.put(output.key, "merged").ok());
    ASSERT_TRUE(catalog->replace({{input}, {output}}).ok());
    ASSERT_TRUE(flush(*catalog, 10, 5, 9).ok());
    damage_newest(bucket_);
    const auto fresh = open(bucket_);
    ASSERT_EQ(fresh->snapshot()->segments.size(), 2U);
    EXPECT_EQ(fresh->snapshot()->segments[0].key, output.key);
    EXPECT_NE(fresh->snapshot()->segments[1].key, input);
    // Who sweeps makes it whole, if nobody else commits.
    ASSERT_TRUE(fresh->forget({}, {}).ok());
    EXPECT_EQ(open(bucket_)->snapshot()->damage, "");
}

TEST_F(SharedCatalog, PositionsOfJournalsThatAreGoneAreDroppedForGood) {
    const auto a = open(bucket_);
    ASSERT_TRUE(flush(*a, 10, 0, 5).ok());
    ASSERT_TRUE(flush(*a, 11, 0, 5).ok());
    const auto b = open(bucket_);
    ASSERT_TRUE(a->forget({}, {10}).ok());
    EXPECT_EQ(a->snapshot()->dropped_on, 3U);
    ASSERT_TRUE(b->learn().ok());
    const auto fresh = open(bucket_);
    for (const Catalog* catalog : {a.get(), b.get(), fresh.get()}) {
        EXPECT_EQ(catalog->snapshot()->positions.size(), 1U);
        EXPECT_EQ(catalog->snapshot()->dropped_on, 3U);
    }
    // Its writer has been away.
    FlushCommit late{10, 0, 5, {}, 0, [] {
                         return false;
                     }};
    late.segments.push_back(put_segment(*b, late));
    EXPECT_EQ(b->commit(late).code(), absl::StatusCode::kFailedPrecondition);
    // One that is new is registered.
    FlushCommit first{12, 0, 5, {}, 0, [] {
                          return true;
                      }};
    first.segments.push_back(put_segment(*b, first));
    EXPECT_TRUE(b->commit(first).ok());
}

TEST_F(SharedCatalog, EachLearnsOfTheOthersCommits) {
    const auto a = open(bucket_);
    const auto b = open(bucket_);
    ASSERT_TRUE(flush(*a, 1, 0, 5).ok());
    EXPECT_EQ(b->snapshot()->number, 0U);
    ASSERT_TRUE(b->learn().ok());
    EXPECT_EQ(b->snapshot()->position(1), 5U);
    // A commit learns by itself, and keeps what the others have.
    ASSERT_TRUE(flush(*a, 1, 5, 6).ok());
    ASSERT_TRUE(flush(*b, 2, 0, 3).ok());
    EXPECT_EQ(b->snapshot()->segments.size(), 3U);
    EXPECT_EQ(flush(*a, 2, 0, 3).code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(SharedCatalog, NothingOfOthersIsSweptWhenItOpens) {
    const auto a = open(bucket_);
    const FlushCommit commit{1, 0, 5, {}, 0};
    const SegmentInfo under_way = put_segment(*a, commit);
    const auto b = open(bucket_);
    EXPECT_TRUE(bucket_.get(under_way.key).ok());
    // Two that flush the same entries write different objects.
    EXPECT_NE(a->new_segment_key(commit), b->new_segment_key(commit));
}

TEST_F(SharedCatalog, ACommitUnderTheNumberOfAnOldSnapshotDoesNotCount) {
    const auto others = open(bucket_);
    ASSERT_TRUE(flush(*others, 1, 0, 1).ok());
    // While `late` is between its reading and its put, the others go on and remove what is old.
    bucket::FaultyNetwork network(bucket_, 1);
    bool go_on = false;
    int puts = 0;
    std::uint64_t position = 1;
    bucket::FaultyBucket slow(network, {});
    slow.set_filter([&](const std::string& what, const std::string&) {
        puts += what == "put_if_absent" ? 1 : 0;
        if (what == "put_if_absent" && std::exchange(go_on, false)) {
            for (; position < 31; ++position) {
                EXPECT_TRUE(flush(*others, 1, position, position + 1).ok());
            }
            EXPECT_FALSE(bucket_.get("tenants/t/catalog/00000000000000000002.snapshot").ok());
        }
        return absl::OkStatus();
    });
    const auto late = open(slow);
    go_on = true;
    ASSERT_TRUE(flush(*late, 2, 0, 9).ok());
    EXPECT_EQ(puts, 2);  // the first succeeded, under a number that nobody looks at any more
    ASSERT_TRUE(others->learn().ok());
    EXPECT_EQ(others->snapshot()->position(1), 31U);
    EXPECT_EQ(others->snapshot()->position(2), 9U);
    // The precondition is asked again, too.
    EXPECT_EQ(flush(*late, 1, 0, 9).code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(SharedCatalog, OutputsOfASlowMergeMayBeSweptAndAreNotCommitted) {
    constexpr std::uint64_t kBehind = 4;
    const auto a = open(bucket_, kBehind);
    const auto b = open(bucket_, kBehind);
    ASSERT_TRUE(flush(*a, 1, 0, 1).ok());
    ASSERT_TRUE(b->learn().ok());
    const std::string input = b->snapshot()->segments[0].key;
    SegmentInfo output;
    output.key = b->new_merged_key();
    ASSERT_TRUE(bucket_.put(output.key, "merged").ok());
    for (std::uint64_t i = 1; i < kBehind; ++i) {
        ASSERT_TRUE(flush(*a, 1, i, i + 1).ok());
        EXPECT_TRUE(a->removable_segments()->empty());
    }
    ASSERT_TRUE(flush(*a, 1, kBehind, kBehind + 1).ok());
    EXPECT_EQ(*a->removable_segments(), std::vector<std::string>{output.key});
    EXPECT_EQ(b->replace({{input}, {output}}).code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(b->snapshot()->segments.size(), kBehind + 1);
}

TEST_F(SharedCatalog, ReplacedSegmentsAreKnownToAllUntilTheyAreForgotten) {
    const auto a = open(bucket_);
    const auto b = open(bucket_);
    ASSERT_TRUE(flush(*a, 1, 0, 1).ok());
    ASSERT_TRUE(b->learn().ok());
    const std::string input = b->snapshot()->segments[0].key;
    SegmentInfo output;
    output.key = b->new_merged_key();
    ASSERT_TRUE(bucket_.put(output.key, "merged").ok());
    ASSERT_TRUE(b->replace({{input}, {output}}).ok());
    EXPECT_EQ(*a->removable_segments(), std::vector<std::string>{input});
    EXPECT_EQ(a->replace({{input}, {output}}).code(), absl::StatusCode::kFailedPrecondition);
    ASSERT_TRUE(bucket_.remove(input).ok());
    ASSERT_TRUE(a->forget({input}, {}).ok());
    EXPECT_TRUE(b->removable_segments()->empty());
}

TEST_F(SharedCatalog, ASnapshotThatIsGoneIsAnError) {
    const auto a = open(bucket_);
    ASSERT_TRUE(flush(*a, 1, 0, 1).ok());
    ASSERT_TRUE(flush(*a, 1, 1, 2).ok());
    ASSERT_TRUE(bucket_.remove("tenants/t/catalog/00000000000000000002.snapshot").ok());
    EXPECT_EQ(a->learn().code(), absl::StatusCode::kDataLoss);  // it has seen it
}

// The bytes of a snapshot as a later program writes it, that says which versions may read it, and
// commit on top of it.
std::string of_later_program(std::string bytes, std::uint32_t reader, std::uint32_t committer) {
    constexpr std::size_t kMagicBytes = 8;
    const auto number = [](std::uint32_t n) {
        std::string out;
        base::ByteWriter(out).u32(n);
        return out;
    };
    bytes.replace(kMagicBytes, 4, number(reader));
    bytes.replace(kMagicBytes + 4, 4, number(committer));
    bytes.resize(bytes.size() - 4);
    return bytes + number(base::crc32c(bytes));
}

// Programs of different versions may share a bucket for a while.
TEST_F(SharedCatalog, WhatALaterProgramHasWrittenIsNeitherReadNorBuiltOn) {
    const std::string key = "tenants/t/catalog/00000000000000000002.snapshot";
    const auto a = open(bucket_);
    ASSERT_TRUE(flush(*a, 1, 0, 1).ok());
    const auto older = open(bucket_);
    ASSERT_TRUE(flush(*a, 1, 1, 2).ok());
    const std::string bytes = *bucket_.get(key);
    constexpr std::uint32_t kRead = kSharedSnapshotVersion;
    constexpr std::uint32_t kCommitted = kSharedDeletesVersion;
    for (const auto& [reader, committer] :
         {std::pair{kRead + 1, kCommitted + 1}, std::pair{kRead, kCommitted + 1}}) {
        ASSERT_TRUE(bucket_.put(key, of_later_program(bytes, reader, committer)).ok());
        EXPECT_EQ(older->learn().code(), absl::StatusCode::kUnimplemented);
        EXPECT_EQ(flush(*older, 1, 1, 2).code(), absl::StatusCode::kUnimplemented);
        EXPECT_EQ(flush(*older, 7, 0, 1).code(), absl::StatusCode::kUnimplemented);
        EXPECT_EQ(Catalog::open_shared(bucket_, clock_, random_, "t", {256}).status().code(),
                  absl::StatusCode::kUnimplemented);
        // Alone in a bucket it does not take an older snapshot for the newest either.
        EXPECT_EQ(Catalog::open(bucket_, clock_, random_, "t", {}).status().code(),
                  absl::StatusCode::kUnimplemented);
        EXPECT_EQ(bucket_.list("tenants/t/catalog")->back().key, key);
    }
    ASSERT_TRUE(bucket_.put(key, bytes).ok());
    EXPECT_TRUE(older->learn().ok());
    EXPECT_EQ(older->snapshot()->position(1), 2U);
}

// Three flush journals of their own and a common one, through a network that fails in all ways.
// Each interval is committed exactly once, and who is told so finds it in the newest snapshot.
TEST_F(SharedCatalog, CommitsHappenOnceWhateverTheNetworkDoes) {
    constexpr std::uint64_t kCommon = 100;
    std::uint64_t faults = 0;
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        bucket::MemoryBucket memory;
        bucket::FaultyNetwork network(memory, seed);
        std::vector<std::unique_ptr<bucket::FaultyBucket>> ways;
        std::vector<std::unique_ptr<Catalog>> catalogs;
        std::vector<std::unique_ptr<io::SeededRandom>> randoms;
        for (std::uint64_t i = 0; i < 3; ++i) {
            randoms.push_back(std::make_unique<io::SeededRandom>(seed * 10 + i));
            ways.push_back(std::make_unique<bucket::FaultyBucket>(network, bucket::BucketFaults()));
            auto catalog = Catalog::open_shared(*ways[i], clock_, *randoms[i], "t", {});
            ASSERT_TRUE(catalog.ok());
            catalogs.push_back(*std::move(catalog));
            ways[i]->set_faults({50, 80, 40, 40, 80});
        }
        std::map<std::uint64_t, std::uint64_t> told;
        for (int step = 0; step < 60; ++step) {
            const std::uint64_t who = network.random().below(3);
            const std::uint64_t journal = network.random().below(2) == 0 ? kCommon : who + 1;
            const std::uint64_t from = catalogs[who]->snapshot()->position(journal);
            FlushCommit commit{journal, from, from + 1, {}, 0};
            SegmentInfo info;
            info.key = catalogs[who]->new_segment_key(commit);
            commit.segments.push_back(info);
            if (catalogs[who]->commit(commit).ok()) {
                ASSERT_LE(told[journal], from) << "seed " << seed;
                told[journal] = from + 1;
            }
        }
        auto reader = Catalog::open_shared(memory, clock_, random_, "t", {});
        ASSERT_TRUE(reader.ok()) << reader.status();
        const auto newest = (*reader)->snapshot();
        std::set<std::string> intervals;
        std::uint64_t sum = 0;
        for (const auto& [journal, position] : newest->positions) {
            ASSERT_GE(position, told[journal]) << "seed " << seed;
            sum += position;
        }
        ASSERT_EQ(newest->segments.size(), sum) << "seed " << seed;
        for (const auto& segment : newest->segments) {
            // Without the number of the snapshot before, and the random number behind.
            const std::size_t begin = segment.key.rfind('/') + 21;
            ASSERT_TRUE(
                intervals.insert(segment.key.substr(begin, segment.key.rfind('-') - begin)).second)
                << "seed " << seed << ": " << segment.key;
        }
        ASSERT_LE(memory.list("tenants/t/catalog")->size(), 40U);
        faults += network.faults();
    }
    EXPECT_GT(faults, 1000U);
}

}  // namespace
}  // namespace logi::catalog
