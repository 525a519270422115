// The store under simulation: one thread, time, files and order of tasks from a seed. Crashes cut
// at every operation in turn and at random ones; writes, syncs and links fail. What was
// acknowledged is found exactly once, always; what was not, at most once.
#include "ingest/store.h"

#include "absl/strings/str_cat.h"
#include "io/sim_executor.h"
#include "io/sim_file_system.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace logi::ingest {
namespace {

constexpr Timestamp kStart{1'700'000'000'000'000'000};
const std::vector<std::string> kTenants = {"one", "two/../x"};

class World {
  public:
    explicit World(std::uint64_t seed)
        : clock_(kStart),
          executor_(seed, clock_),
          files_(seed),
          ids_(seed + 1),
          choice_(seed + 2) {}

    io::SimFileSystem& files() { return files_; }

    // False if it could not be opened, which faults may cause.
    bool open() {
        StoreOptions options;
        options.data_dir = "data";
        options.limits.ingestion_rate_mb = 1e6;
        options.limits.ingestion_burst_size_mb = 1e6;
        options.journal_file_bytes_max = 2000;
        auto store = Store::open({executor_, clock_, ids_, files_, metrics_}, options);
        if (store.ok()) {
            store_ = *std::move(store);
        }
        return store.ok();
    }

    void close_as_crash() {
        executor_.drop_all();
        store_.reset();
        files_.crash();
        files_.set_faults({});
    }

    void push() {
        const std::size_t tenant = choice_.below(kTenants.size());
        wire::PushRequest request;
        std::vector<std::string> lines;
        for (std::uint64_t s = 0; s <= choice_.below(2); ++s) {
            wire::PushStream stream;
            stream.labels = std::vector<LabelPair>{{"app", absl::StrCat("a", choice_.below(3))}};
            for (std::uint64_t i = 0; i <= choice_.below(4); ++i) {
                // Long records are kept by the head, short ones copied.
                const std::uint64_t length = choice_.below(40) == 0 ? 20'000 : choice_.below(200);
                const std::string line =
                    absl::StrCat("line ", next_line_++, std::string(length, 'x'));
                request.buffers.push_back(std::make_unique<std::string>(line));
                // Few distinct times, some on another day.
                const Duration back =
                    Duration::hours(static_cast<std::int64_t>(choice_.below(2)) * 30);
                stream.entries.push_back({clock_.now() - back, *request.buffers.back(), {}});
                lines.push_back(line);
            }
            request.streams.push_back(std::move(stream));
        }
        for (const auto& line : lines) {
            sent_[tenant].insert(line);
        }
        store_->push(kTenants[tenant],
                     std::move(request),
                     [this, tenant, lines](const PushOutcome& outcome) {
                         EXPECT_TRUE(outcome.status == 204 || outcome.status == 503)
                             << outcome.message;
                         if (outcome.status == 204) {
                             acknowledged_[tenant].insert(lines.begin(), lines.end());
                             ++pushes_acknowledged_;
                         }
                     });
    }

    // One random thing that may happen next.
    void step() {
        const std::uint64_t dice = choice_.below(100);
        if (dice < 25) {
            push();
        } else if (dice < 28) {
            store_->flush([](const Status&) {});
        } else if (dice < 33) {
            check();
        } else {
            executor_.run_one();
        }
    }

    // Stored rows, not answers, in which equal entries are one: no line may be there twice.
    void check() {
        for (std::size_t tenant = 0; tenant < kTenants.size(); ++tenant) {
            std::multiset<std::string> found;
            const Pinned pinned =
                store_->pin(kTenants[tenant], {Timestamp::min(), Timestamp::max()});
            if (!pinned.missing.empty()) {
                // Only a crash may make segments unreadable.
                EXPECT_TRUE(files_.crashed()) << pinned.missing.front();
                return;
            }
            for (const auto& source : pinned.sources) {
                for (std::uint32_t b = 0; b < source->blocks().size(); ++b) {
                    auto block = source->open_block(b);
                    ASSERT_TRUE(block.ok()) << block.status();
                    for (std::uint32_t row = 0; row < (*block)->stats().rows; ++row) {
                        const auto line = (*block)->line(row);
                        if (!line.ok()) {
                            EXPECT_TRUE(files_.crashed()) << line.status();
                            return;
                        }
                        found.emplace(*line);
                    }
                }
            }
            for (const auto& line : acknowledged_[tenant]) {
                ASSERT_EQ(found.count(line), 1U) << line;
            }
            for (const auto& line : found) {
                ASSERT_EQ(found.count(line), 1U) << line;
                ASSERT_TRUE(sent_[tenant].contains(line)) << line << " is not of this tenant";
            }
        }
    }

    void run_until_idle() { executor_.run_until_idle(); }
    [[nodiscard]] std::uint64_t pushes_acknowledged() const { return pushes_acknowledged_; }

  private:
    io::SimClock clock_;
    io::SimExecutor executor_;
    io::SimFileSystem files_;
    io::SeededRandom ids_;
    io::SeededRandom choice_;
    base::Registry metrics_;
    std::unique_ptr<Store> store_;
    std::map<std::size_t, std::set<std::string>> sent_;
    std::map<std::size_t, std::set<std::string>> acknowledged_;
    std::uint64_t next_line_ = 0;
    std::uint64_t pushes_acknowledged_ = 0;
};

// Runs until a crash at the given operation, then opens again and checks, twice.
std::uint64_t crash_at(std::uint64_t seed, std::uint64_t operation) {
    World world(seed);
    world.files().crash_at_operation(operation);
    if (world.open()) {
        for (int i = 0; i < 400 && !world.files().crashed(); ++i) {
            world.step();
        }
    }
    world.close_as_crash();
    for (int again = 0; again < 2; ++again) {
        EXPECT_TRUE(world.open());
        world.check();
        world.run_until_idle();
        world.check();
        world.close_as_crash();
    }
    return world.pushes_acknowledged();
}

TEST(StoreSimulation, CrashAtEveryOperation) {
    std::uint64_t acknowledged = 0;
    for (std::uint64_t operation = 1; operation < 300; ++operation) {
        acknowledged += crash_at(7, operation);
        ASSERT_FALSE(::testing::Test::HasFailure()) << "crash at operation " << operation;
    }
    EXPECT_GT(acknowledged, 1000U);
}

TEST(StoreSimulation, CrashesAndFaultsBySeed) {
    std::uint64_t acknowledged = 0;
    for (std::uint64_t seed = 1; seed <= 150; ++seed) {
        World world(seed);
        io::SeededRandom dice(seed);
        for (int life = 0; life < 4; ++life) {
            if (!world.open()) {
                world.close_as_crash();
                ASSERT_TRUE(world.open());
            }
            world.check();
            io::SimFileSystem::Faults faults;
            switch (dice.below(4)) {
                case 0:
                    faults.write_error = faults.short_write = 0.02;
                    break;
                case 1:
                    faults.sync_error = 0.02;
                    break;
                case 2:
                    faults.link_error = faults.remove_error = 0.05;
                    break;
                default:
                    faults.disk_full_after_bytes = 20'000 + dice.below(20'000);
                    break;
            }
            world.files().set_faults(faults);
            const std::uint64_t steps = dice.below(500);
            for (std::uint64_t i = 0; i < steps; ++i) {
                world.step();
            }
            world.close_as_crash();
        }
        ASSERT_TRUE(world.open());
        world.check();
        acknowledged += world.pushes_acknowledged();
        ASSERT_FALSE(::testing::Test::HasFailure()) << "seed " << seed;
    }
    EXPECT_GT(acknowledged, 1000U);
}

}  // namespace
}  // namespace logi::ingest
