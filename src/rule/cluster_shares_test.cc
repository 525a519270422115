#include "rule/cluster_shares.h"

#include "absl/strings/str_cat.h"
#include "bucket/faulty_bucket.h"
#include "bucket/memory_bucket.h"
#include "io/sim_executor.h"

#include <gmock/gmock.h>

namespace logi::rule {
namespace {

constexpr Timestamp kClusterBegin{1'700'000'000'000'000'000};

// Processes over one bucket, in one thread.
class Cluster {
  public:
    explicit Cluster(std::uint64_t seed)
        : random(seed), clock(kClusterBegin), executor(seed, clock), network(bucket, seed) {
        for (int i = 0; i < 20; ++i) {
            keys.push_back({"t", "n", std::to_string(i)});
        }
    }

    struct Process {
        Process(Cluster& cluster, std::string name)
            : way(cluster.network, {}),
              shares({cluster.executor, way, cluster.clock}, name),
              id(std::move(name)) {
            shares.start();
        }
        bucket::FaultyBucket way;
        ClusterShares shares;
        const std::string id;
        bool dead = false;  // or cut off
        std::map<GroupKey, std::shared_ptr<const Lease>> leases;
    };

    Process& add() {
        processes.push_back(
            std::make_unique<Process>(*this, absl::StrCat("p", random.below(1'000'000))));
        return *processes.back();
    }
    void kill(Process& process) {
        process.dead = true;
        process.way.set_filter(
            [](const auto&, const auto&) { return absl::UnavailableError("cut"); });
    }
    void revive(Process& process) {
        process.dead = false;
        process.way.set_filter({});
    }

    void run(Duration time) {
        bool ended = false;
        executor.post_after(time, [&ended] { ended = true; });
        while (!ended && executor.run_one()) {
        }
    }

    // Every process tries everything: of each group at most one may. Returns how many are had.
    std::size_t try_all() {
        std::map<GroupKey, std::string> owners;
        for (const auto& process : processes) {
            for (const GroupKey& key : keys) {
                const auto lease = process->shares.enter(key);
                if (lease == nullptr || !lease->holds()) {
                    continue;
                }
                EXPECT_TRUE(owners.emplace(key, process->id).second)
                    << key.group << " of " << owners[key] << " and " << process->id;
            }
        }
        return owners.size();
    }

    io::SeededRandom random;
    io::SimClock clock;
    io::SimExecutor executor;
    bucket::MemoryBucket bucket;
    bucket::FaultyNetwork network;
    std::vector<std::unique_ptr<Process>> processes;
    std::vector<GroupKey> keys;
};

TEST(ClusterShares, OneAloneHasEverythingSoon) {
    Cluster cluster(1);
    cluster.add();
    cluster.run(Duration::seconds(1));
    EXPECT_EQ(cluster.try_all(), cluster.keys.size());
}

TEST(ClusterShares, SeveralDivideAndTakeOver) {
    Cluster cluster(2);
    for (int i = 0; i < 3; ++i) {
        cluster.add();
    }
    cluster.run(Duration::seconds(40));
    EXPECT_EQ(cluster.try_all(), cluster.keys.size());
    for (const auto& process : cluster.processes) {
        const auto mine =
            std::count_if(cluster.keys.begin(), cluster.keys.end(), [&](const GroupKey& key) {
                return process->shares.enter(key) != nullptr;
            });
        EXPECT_GT(mine, 0);
    }
    // Dead ones are found out in bounded time.
    cluster.kill(*cluster.processes[0]);
    cluster.run(Duration::seconds(25));
    EXPECT_LT(cluster.try_all(), cluster.keys.size());
    cluster.run(Duration::seconds(55));
    EXPECT_EQ(cluster.try_all(), cluster.keys.size());
    // Who leaves is not waited for.
    cluster.processes[1]->shares.leave();
    cluster.run(Duration::seconds(20));
    EXPECT_EQ(cluster.try_all(), cluster.keys.size());
}

TEST(ClusterShares, WhatIsUnderWayIsWaitedFor) {
    Cluster cluster(3);
    auto& first = cluster.add();
    cluster.run(Duration::seconds(10));
    std::map<GroupKey, std::shared_ptr<const Lease>> held;
    for (const GroupKey& key : cluster.keys) {
        held[key] = first.shares.enter(key);
        ASSERT_NE(held[key], nullptr);
    }
    auto& second = cluster.add();
    for (int i = 0; i < 30; ++i) {
        cluster.run(Duration::seconds(5));
        for (const GroupKey& key : cluster.keys) {
            EXPECT_TRUE(held[key]->holds());
            EXPECT_EQ(second.shares.enter(key), nullptr);
        }
    }
    held.clear();
    cluster.run(Duration::seconds(20));
    EXPECT_EQ(cluster.try_all(), cluster.keys.size());
    EXPECT_TRUE(std::any_of(cluster.keys.begin(), cluster.keys.end(), [&](const GroupKey& key) {
        return second.shares.enter(key) != nullptr;
    }));
}

// Processes come, go, die, are cut off and come back, and hold groups for some time: never do two
// hold the same one.
TEST(ClusterShares, NeverTwoAtOnce) {
    constexpr std::uint64_t kSeeds = 60;
    std::size_t taken = 0;
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
        Cluster cluster(seed);
        cluster.add();
        for (int step = 0; step < 300; ++step) {
            cluster.run(
                Duration::millis(200 + static_cast<std::int64_t>(cluster.random.below(4000))));
            auto& process = *cluster.processes[cluster.random.below(cluster.processes.size())];
            switch (cluster.random.below(40)) {
                case 0:
                    if (cluster.processes.size() < 6) {
                        cluster.add();
                    }
                    break;
                case 1:
                    cluster.kill(process);
                    break;
                case 2:
                    cluster.revive(process);
                    break;
                default:
                    break;
            }
            const GroupKey& key = cluster.keys[cluster.random.below(cluster.keys.size())];
            if (auto lease = process.shares.enter(key)) {
                process.leases[key] = std::move(lease);
                ++taken;
            }
            if (cluster.random.below(3) == 0 && !process.leases.empty()) {
                process.leases.erase(process.leases.begin());
            }
            std::map<GroupKey, int> holders;
            for (const auto& each : cluster.processes) {
                for (const auto& [held, lease] : each->leases) {
                    holders[held] += lease->holds() ? 1 : 0;
                    ASSERT_LE(holders[held], 1) << "seed " << seed << " step " << step;
                }
            }
        }
        for (const auto& process : cluster.processes) {
            process->leases.clear();
        }
        cluster.executor.drop_all();
    }
    EXPECT_GT(taken, 30U * kSeeds);
}

}  // namespace
}  // namespace logi::rule
