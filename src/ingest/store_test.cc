// The store under simulation: one thread, time, files and order of tasks from a seed. Crashes cut
// at every operation in turn and at random ones; writes, syncs and links fail. What was
// acknowledged is found exactly once, always; what was not, at most once.
#include "ingest/store.h"

#include "absl/strings/str_cat.h"
#include "io/sim_executor.h"
#include "io/sim_file_system.h"

#include <gtest/gtest.h>

#include <deque>
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
        options.journal_file_bytes_max = 6000;
        auto store = Store::open({executor_, clock_, ids_, files_, metrics_}, options);
        if (store.ok()) {
            store_ = *std::move(store);
        }
        return store.ok();
    }

    void close_as_crash() {
        executor_.drop_all();
        queries_.clear();
        store_.reset();
        files_.crash();
        files_.set_faults({});
    }

    enum class Lines { kMixed, kShort };
    void push(Lines kind = Lines::kMixed) {
        const std::size_t tenant = choice_.below(kTenants.size());
        wire::PushRequest request;
        std::vector<std::string> lines;
        for (std::uint64_t s = 0; s <= choice_.below(2); ++s) {
            wire::PushStream stream;
            stream.labels = std::vector<LabelPair>{{"app", absl::StrCat("a", choice_.below(3))}};
            for (std::uint64_t i = 0; i <= choice_.below(4); ++i) {
                // Long records are kept by the head, short ones copied.
                const bool is_long = kind == Lines::kMixed && choice_.below(40) == 0;
                const std::uint64_t length = is_long ? 20'000 : choice_.below(200);
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
                         } else {
                             EXPECT_GT(outcome.retry_after_seconds, 0);
                             ++pushes_refused_;
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
        } else if (dice < 31) {
            check();
        } else if (dice < 34) {
            begin_query();
        } else if (dice < 37) {
            end_query();
        } else {
            executor_.run_one();
        }
    }

    // Everything that is stored, twice or not; answers would show equal entries once.
    void check() {
        for (std::size_t tenant = 0; tenant < kTenants.size(); ++tenant) {
            check(tenant, pin(tenant), acknowledged_[tenant]);
        }
        // Every line is another one, and no client here tries again.
        EXPECT_EQ(metrics_.counter("logi_flush_duplicates_total", "").value(), 0);
    }

    // A query may be pinned long before it reads, while generations become segments.
    void begin_query() {
        const std::size_t tenant = choice_.below(kTenants.size());
        queries_.push_back({tenant, pin(tenant), acknowledged_[tenant]});
    }
    void end_query() {
        if (!queries_.empty()) {
            const Query query = std::move(queries_.front());
            queries_.pop_front();
            check(query.tenant, query.pinned, query.acknowledged);
        }
    }

    [[nodiscard]] Pinned pin(std::size_t tenant) {
        return store_->pin(kTenants[tenant], {Timestamp::min(), Timestamp::max()});
    }

    // What was acknowledged when it was pinned is there once; what was not, at most once.
    void check(std::size_t tenant,
               const Pinned& pinned,
               const std::set<std::string>& acknowledged) {
        std::multiset<std::string> found;
        if (!pinned.missing.empty()) {
            // Only a crash may make segments unreadable.
            EXPECT_TRUE(files_.crashed()) << pinned.missing.front();
            return;
        }
        for (const auto& source : pinned.sources) {
            const auto all = source->select_all();
            if (!all.ok()) {
                EXPECT_TRUE(files_.crashed()) << all.status();
                return;
            }
            for (std::uint32_t b = 0; b < all->blocks().size(); ++b) {
                auto block = all->open_block(b);
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
        for (const auto& line : acknowledged) {
            ASSERT_EQ(found.count(line), 1U) << line;
        }
        for (const auto& line : found) {
            ASSERT_EQ(found.count(line), 1U) << line;
            ASSERT_TRUE(sent_[tenant].contains(line)) << line << " is not of this tenant";
        }
    }

    void run_until_idle() { executor_.run_until_idle(); }
    void run(int tasks) {
        for (int i = 0; i < tasks; ++i) {
            executor_.run_one();
        }
    }
    [[nodiscard]] std::uint64_t pushes_refused() const { return pushes_refused_; }
    Status flush() {
        Status flushed = absl::UnknownError("not called");
        store_->flush([&](const Status& status) { flushed = status; });
        run(200);
        return flushed;
    }
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
    std::uint64_t pushes_refused_ = 0;
    struct Query {
        std::size_t tenant;
        Pinned pinned;
        std::set<std::string> acknowledged;
    };
    std::deque<Query> queries_;
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

// Reading the journal, writing what it held to segments and removing it are cut too.
TEST(StoreSimulation, CrashAtEveryOperationOfTheRecovery) {
    bool over = false;
    std::uint64_t operation = 0;
    while (!over) {
        operation += 2;
        World world(12);
        ASSERT_TRUE(world.open());
        for (int i = 0; i < 150; ++i) {
            world.step();
        }
        world.close_as_crash();
        world.files().crash_at_operation(world.files().operations() + operation);
        if (world.open()) {
            world.run_until_idle();
            over = !world.files().crashed();
        }
        world.close_as_crash();
        ASSERT_TRUE(world.open());
        world.check();
        world.run_until_idle();
        world.check();
        ASSERT_FALSE(::testing::Test::HasFailure()) << "crash at operation " << operation;
    }
    EXPECT_GT(operation, 50U);
}

TEST(StoreSimulation, AFullDiskIsOverWhenThereIsSpaceAgain) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        World world(seed);
        ASSERT_TRUE(world.open());
        world.push(World::Lines::kShort);  // so that it is not in a segment yet
        world.run(50);
        EXPECT_EQ(world.pushes_refused(), 0U);
        io::SimFileSystem::Faults full;
        full.disk_full_after_bytes = 0;
        world.files().set_faults(full);
        for (int i = 0; i < 10; ++i) {
            world.push();
            world.run(20);
            world.check();
        }
        EXPECT_EQ(world.pushes_refused(), 10U);
        EXPECT_EQ(world.flush().code(), absl::StatusCode::kUnavailable);
        world.files().set_faults({});
        const std::uint64_t acknowledged = world.pushes_acknowledged();
        for (int i = 0; i < 10; ++i) {
            world.push();
            world.run(50);
        }
        EXPECT_EQ(world.pushes_acknowledged(), acknowledged + 10);
        EXPECT_TRUE(world.flush().ok());
        world.check();
        world.close_as_crash();
        ASSERT_TRUE(world.open());
        world.check();
        ASSERT_FALSE(::testing::Test::HasFailure()) << "seed " << seed;
    }
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
            if (dice.below(2) == 0) {
                world.files().crash_at_operation(world.files().operations() + dice.below(300));
            }
            const std::uint64_t steps = dice.below(500);
            for (std::uint64_t i = 0; i < steps && !world.files().crashed(); ++i) {
                world.step();
            }
            world.close_as_crash();
        }
        ASSERT_TRUE(world.open());
        world.check();
        world.run_until_idle();
        world.check();
        acknowledged += world.pushes_acknowledged();
        ASSERT_FALSE(::testing::Test::HasFailure()) << "seed " << seed;
    }
    EXPECT_GT(acknowledged, 1000U);
}

struct SmallStore {
    explicit SmallStore(const StoreOptions& options) {
        auto opened = Store::open({executor, clock, random, files, metrics}, options);
        EXPECT_TRUE(opened.ok()) << opened.status();
        store = *std::move(opened);
    }
    // Of entries of empty lines, each at another time. Returns the status.
    int push(const std::string& tenant, std::vector<LabelPair> labels, int entries) {
        wire::PushRequest request;
        wire::PushStream stream;
        stream.labels = std::move(labels);
        for (int i = 0; i < entries; ++i) {
            stream.entries.push_back({kStart + Duration{++times}, "", {}});
        }
        request.streams.push_back(std::move(stream));
        int status = 0;
        store->push(tenant, std::move(request), [&](const PushOutcome& outcome) {
            status = outcome.status;
        });
        executor.run_until_idle();
        return status;
    }

    Status flush() {
        Status flushed = absl::UnknownError("not yet");
        store->flush([&](const Status& status) { flushed = status; });
        for (int i = 0; i < 20; ++i) {
            executor.run_one();
        }
        return flushed;
    }

    io::SimClock clock{kStart};
    io::SimExecutor executor{1, clock};
    io::SimFileSystem files{1};
    io::SeededRandom random{1};
    base::Registry metrics;
    std::unique_ptr<Store> store;
    std::int64_t times = 0;
};

// A hundred bytes of memory for three of journal: the journal's size would bound nothing.
TEST(Store, EntriesWithoutBytesAreFlushedBeforeTheyFillTheMemory) {
    StoreOptions options;
    options.data_dir = "data";
    options.head_bytes_max = 1 << 20;
    SmallStore small(options);
    for (int i = 0; i < 1000; ++i) {
        ASSERT_EQ(small.push("t", {{"app", "a"}}, 100), 204) << i;
    }
    EXPECT_GT(small.metrics.counter("logi_flushes_total", "").value(), 10);
    std::uint64_t rows = 0;
    for (const auto& source : small.store->pin("t", {Timestamp::min(), Timestamp::max()}).sources) {
        const auto all = source->select_all();
        ASSERT_TRUE(all.ok());
        for (const auto& block : all->blocks()) {
            rows += block.rows;
        }
    }
    EXPECT_EQ(rows, 100'000U);
}

TEST(Store, RefusedPushesMakeNoTenant) {
    StoreOptions options;
    options.data_dir = "data";
    SmallStore small(options);
    EXPECT_EQ(small.push("good", {{"app", "a"}}, 1), 204);
    EXPECT_EQ(small.push("bad", {{"not a name", "a"}}, 1), 400);
    EXPECT_EQ(small.push("worse", {{"app", std::string(5000, 'a')}}, 1), 400);
    EXPECT_EQ(small.push("nothing", {{"app", "a"}}, 0), 204);
    EXPECT_NE(small.metrics.render().find("logi_tenants 1\n"), std::string::npos);
}

// One tenant whose segments cannot be written costs the others nothing.
TEST(Store, AFailingTenantHoldsUpNobody) {
    StoreOptions options;
    options.data_dir = "data";
    SmallStore small(options);
    small.files.set_faults({.forbidden_name = "tenants/b/"});
    for (const char* round : {"first", "second"}) {
        for (const char* tenant : {"a", "b", "c"}) {
            EXPECT_EQ(small.push(tenant, {{"app", round}}, 10), 204);
        }
        EXPECT_EQ(small.flush().code(), absl::StatusCode::kUnavailable);
    }
    EXPECT_EQ(small.metrics.counter("logi_flushes_total", "").value(), 4);
    small.files.set_faults({});
    EXPECT_TRUE(small.flush().ok());
    EXPECT_EQ(small.metrics.counter("logi_flushes_total", "").value(), 6);
    for (const char* tenant : {"a", "b", "c"}) {
        EXPECT_EQ(small.store->pin(tenant, {Timestamp::min(), Timestamp::max()}).sources.size(),
                  2U);
    }
    small.executor.drop_all();
}

// Whatever lies in the folder of tenants beside them.
TEST(Store, StrangeFoldersAreLeftAlone) {
    StoreOptions options;
    options.data_dir = "data";
    SmallStore small(options);
    EXPECT_EQ(small.push("good", {{"app", "a"}}, 1), 204);
    for (const char* name : {"lost%zzfound", ".hidden", "a%41"}) {
        ASSERT_TRUE(
            small.files.make_dirs(absl::StrCat("data/bucket/tenants/", name, "/segments")).ok());
    }
    small.executor.drop_all();
    small.store.reset();
    small.files.kill();
    auto opened = Store::open(
        {small.executor, small.clock, small.random, small.files, small.metrics}, options);
    ASSERT_TRUE(opened.ok()) << opened.status();
    EXPECT_FALSE((*opened)->pin("good", {Timestamp::min(), Timestamp::max()}).sources.empty());
    small.executor.drop_all();
}

}  // namespace
}  // namespace logi::ingest
