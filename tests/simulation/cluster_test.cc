// Clusters under simulation, by seed; and mistakes that are planted on purpose, each of which has
// to be found. LOGI_SEEDS=FROM-TO runs those seeds of the first, and LOGI_TELL=1 prints what has
// happened in each.
#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "base/planted.h"
#include "cluster_world.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

namespace logi::simulation {
namespace {

constexpr int kSteps = 800;
// Who follows misses nothing only where little time passes between two looks: more of these.
constexpr int kStepsFollowed = 4000;
constexpr Duration kAdvanceFollowed = Duration::millis(200);

struct Outcome {
    std::string fault;
    Counts counts;
};

Outcome run(const WorldOptions& options, int steps) {
    World world(options);
    for (int i = 0; i < steps && world.fault().empty(); ++i) {
        world.step();
    }
    if (world.fault().empty()) {
        world.settle();
    }
    return {world.fault(), world.counts()};
}

Outcome run(std::uint64_t seed) {
    WorldOptions options;
    options.seed = seed;
    return run(options, kSteps);
}

Outcome run_followed(std::uint64_t seed) {
    WorldOptions options;
    options.seed = seed;
    options.follow = true;
    options.advance_max = kAdvanceFollowed;
    return run(options, kStepsFollowed);
}

class ClusterSimulation : public testing::Test {
  protected:
    void SetUp() override { base::set_log_level(base::LogLevel::kError); }
    void TearDown() override { base::planted_mistake.store(base::Planted::kNone); }
};

TEST_F(ClusterSimulation, NothingIsLostNorFoundTwice) {
    std::uint64_t from = 1;
    std::uint64_t to = 40;
    const char* seeds = std::getenv("LOGI_SEEDS");
    if (seeds != nullptr) {
        ASSERT_EQ(std::sscanf(seeds, "%lu-%lu", &from, &to), 2);
    }
    const bool tell = std::getenv("LOGI_TELL") != nullptr;
    Counts all;
    for (std::uint64_t seed = from; seed <= to; ++seed) {
        const Outcome outcome = run(seed);
        if (tell) {
            std::printf("seed %lu: %s\n", seed, outcome.counts.text().c_str());
        }
        ASSERT_EQ(outcome.fault, "") << "seed " << seed;
        all += outcome.counts;
    }
    const std::uint64_t runs = to - from + 1;
    std::printf("%lu seeds: %s\n", runs, all.text().c_str());
    std::printf("a seed: %s\n", all.per(runs).text().c_str());
    EXPECT_GT(all.acknowledged, runs * 50);
    EXPECT_GT(all.complete * 2, all.queries);
    EXPECT_GT(all.faults, runs * 20);
    EXPECT_GT(all.deaths, runs);
    EXPECT_GT(all.taken_over, runs);
    EXPECT_GT(all.compactions, runs);
    EXPECT_GT(all.swept, runs);
    EXPECT_GT(all.dropped, runs);
    EXPECT_GT(all.seals_met * 8, runs);
    EXPECT_GT(all.deletes, runs);
    EXPECT_GT(all.deletes_ended * 2, runs);
    EXPECT_GT(all.cancelled * 8, runs);
    EXPECT_GT(all.lines_deleted, runs * 5);
    EXPECT_GT(all.pushed_again, runs);
    EXPECT_GT(all.clock_changes * 8, runs);
    EXPECT_GT(all.heads_told, runs);
}

TEST_F(ClusterSimulation, WhoFollowsGetsEachLineOnce) {
    constexpr std::uint64_t kSeeds = 8;
    Counts all;
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
        const Outcome outcome = run_followed(seed);
        ASSERT_EQ(outcome.fault, "") << "seed " << seed;
        all += outcome.counts;
    }
    std::printf("a seed: %s\n", all.per(kSeeds).text().c_str());
    EXPECT_GT(all.followed, kSeeds * 50);
    EXPECT_GT(all.taken_over, kSeeds);
    EXPECT_GT(all.deaths, kSeeds);
}

struct Plant {
    base::Planted mistake;
    const char* name;
    Outcome (*run_seed)(std::uint64_t seed) = run;
};

class PlantedMistakes : public ClusterSimulation, public testing::WithParamInterface<Plant> {};

TEST_P(PlantedMistakes, IsFound) {
    constexpr std::uint64_t kSeedsMax = 1000;
    base::planted_mistake.store(GetParam().mistake);
    for (std::uint64_t seed = 1; seed <= kSeedsMax; ++seed) {
        const Outcome outcome = GetParam().run_seed(seed);
        if (!outcome.fault.empty()) {
            std::printf("found with seed %lu: %s\n", seed, outcome.fault.c_str());
            return;
        }
    }
    FAIL() << "not found in " << kSeedsMax << " seeds";
}

// What cannot be planted, as this design has no place for it:
// - acknowledging k before k-1: a journal puts one object after the other, and k has no bytes
// before
//   k-1 is there (AcknowledgeBeforePut is the nearest);
// - trimming by an own commit that no listing confirms, and using the number of a removed snapshot
//   again, are one: a commit that trusts its own put (TrustOwnPut), whose number had been used and
//   removed while it stood still;
// - a head and a segment both read (HeadAndSegment), or neither (SnapshotBeforeJournals).
using base::Planted;
INSTANTIATE_TEST_SUITE_P(
    Each,
    PlantedMistakes,
    testing::Values(Plant{Planted::kAcknowledgeBeforePut, "AcknowledgeBeforePut"},
                    Plant{Planted::kAcknowledgeUnregistered, "AcknowledgeUnregistered"},
                    Plant{Planted::kCommitWithoutPrecondition, "CommitWithoutPrecondition"},
                    Plant{Planted::kTrustOwnPut, "TrustOwnPut"},
                    Plant{Planted::kNoSeal, "NoSeal"},
                    Plant{Planted::kSealRemoved, "SealRemoved"},
                    Plant{Planted::kRegistryFromCache, "RegistryFromCache"},
                    Plant{Planted::kHeadAndSegment, "HeadAndSegment"},
                    Plant{Planted::kSnapshotBeforeJournals, "SnapshotBeforeJournals"},
                    Plant{Planted::kSweepWhatMayBeCommitted, "SweepWhatMayBeCommitted"},
                    Plant{Planted::kSweepAtOnce, "SweepAtOnce"},
                    Plant{Planted::kRemoveUnwrittenJournal, "RemoveUnwrittenJournal"},
                    Plant{Planted::kDeleteForgetsJournals, "DeleteForgetsJournals"},
                    Plant{Planted::kLaterJournalUnnamed, "LaterJournalUnnamed"},
                    Plant{Planted::kDeleteDoesNotCut, "DeleteDoesNotCut"},
                    Plant{Planted::kFlushWithoutTail, "FlushWithoutTail"},
                    Plant{Planted::kBelieveClock, "BelieveClock"},
                    Plant{Planted::kCommitOfGoneJournal, "CommitOfGoneJournal"},
                    Plant{Planted::kHeadWithGap, "HeadWithGap"},
                    Plant{Planted::kJournalNotKept, "JournalNotKept", run_followed}),
    [](const auto& plant) { return std::string(plant.param.name); });

}  // namespace
}  // namespace logi::simulation
