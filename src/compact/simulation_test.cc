// Store, compaction and deletes under simulation: one thread, time, files and order of tasks from a
// seed. Crashes cut at every operation in turn and at random ones; writes, syncs, links and
// removals fail. What was acknowledged and not deleted is found exactly once, also by queries that
// were pinned long before they read; what was deleted, or is past its retention, never again.
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "compact/compactor.h"
#include "ingest/segment_cache.h"
#include "io/sim_executor.h"
#include "io/sim_file_system.h"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <set>

namespace logi::compact {
namespace {

constexpr Timestamp kStart{1'700'000'000'000'000'000};
const std::vector<std::string> kTenants = {"one", "two"};
// What is kept for a day only; some of it is older when it is pushed.
const std::string kShortLived = "a2";
constexpr Duration kShortPeriod = Duration::hours(24);

struct Selection {
    std::string app;
    bool drops_only = false;  // those with the word "drop"

    [[nodiscard]] std::string query() const {
        return absl::StrCat("{app=\"", app, "\"}", drops_only ? " |= \"drop\"" : "");
    }
    [[nodiscard]] bool picks(const std::string& line) const {
        return absl::StartsWith(line, app + " ") &&
               (!drops_only || absl::StrContains(line, "drop"));
    }
};

class SimulatedStore {
  public:
    explicit SimulatedStore(std::uint64_t seed)
        : clock_(kStart),
          executor_(seed, clock_),
          files_(seed),
          ids_(seed + 1),
          choice_(seed + 2),
          cancel_period_(seed % 3 == 0 ? Duration::hours(1) : Duration{}) {}

    io::SimFileSystem& files() { return files_; }
    ingest::Store& store() { return *store_; }
    Deletes& deletes() { return *deletes_; }

    bool open() {
        ingest::StoreOptions options;
        options.data_dir = "data";
        options.limits.ingestion_rate_mb = 1e6;
        options.limits.ingestion_burst_size_mb = 1e6;
        options.journal_file_bytes_max = 7000;  // of that 4 KiB are its header
        options.retention_enabled = true;
        options.limits.retention_stream = {
            {absl::StrCat("{app=\"", kShortLived, "\"}"), 1, kShortPeriod}};
        auto store = ingest::Store::open({executor_, clock_, ids_, files_, metrics_}, options);
        if (!store.ok()) {
            return false;
        }
        store_ = *std::move(store);
        deletes_ = std::make_unique<Deletes>(*store_, clock_, ids_, cancel_period_);
        CompactorOptions compaction;
        compaction.interval = {};
        compaction.plan.small_segments_max = 2;
        compactor_ = std::make_unique<Compactor>(
            Compactor::Deps{*store_, *deletes_, executor_, clock_, metrics_}, compaction);
        compactor_->start();
        return true;
    }

    void close_as_crash() {
        executor_.drop_all();
        queries_.clear();
        compactor_.reset();
        deletes_.reset();
        store_.reset();
        files_.crash();
        files_.set_faults({});
        // What is not acknowledged by now may be there or not, deleted or not.
        for (auto& tenant : tenants_) {
            tenant.under_way.clear();
        }
    }

    void push() {
        const std::size_t t = choice_.below(kTenants.size());
        std::vector<std::string> lines;
        const std::string app = absl::StrCat("a", choice_.below(3));
        for (std::uint64_t i = 0; i <= choice_.below(4); ++i) {
            const std::string line = absl::StrCat(app,
                                                  choice_.below(2) == 0 ? " drop " : " keep ",
                                                  next_line_,
                                                  " ",
                                                  std::string(choice_.below(150), 'x'));
            const Duration back = Duration::hours(static_cast<std::int64_t>(choice_.below(2)) * 30);
            sent_[line] = {clock_.now() - back, next_line_++};
            lines.push_back(line);
        }
        send(t, app, lines);
    }

    void send(std::size_t t, const std::string& app, const std::vector<std::string>& lines) {
        wire::PushRequest request;
        wire::PushStream stream;
        stream.labels = std::vector<LabelPair>{{"app", app}};
        for (const auto& line : lines) {
            request.buffers.push_back(std::make_unique<std::string>(line));
            const Sent& sent = sent_.try_emplace(line, Sent{clock_.now(), 0}).first->second;
            stream.entries.push_back({sent.time, *request.buffers.back(), {}});
        }
        request.streams.push_back(std::move(stream));
        Tenant& tenant = tenants_[t];
        tenant.sent.insert(lines.begin(), lines.end());
        tenant.under_way.insert(lines.begin(), lines.end());
        store_->push(
            kTenants[t], std::move(request), [&tenant, lines](const ingest::PushOutcome& outcome) {
                for (const auto& line : lines) {
                    tenant.under_way.erase(line);
                    if (outcome.status == 204 && !tenant.maybe.contains(line)) {
                        tenant.expected.insert(line);
                    }
                }
            });
    }

    // Until it is answered lines are deleted or not, and so are those that were on their way then.
    void remove(std::size_t t, const Selection& selection) {
        Tenant& tenant = tenants_[t];
        std::set<std::string> certain;
        for (const auto& line : tenant.expected) {
            if (selection.picks(line)) {
                certain.insert(line);
            }
        }
        const auto doubt = [&tenant, selection](std::set<std::string>& from) {
            std::erase_if(from, [&](const std::string& line) {
                return selection.picks(line) && tenant.maybe.insert(line).second;
            });
        };
        doubt(tenant.under_way);
        doubt(tenant.expected);
        deletes_->add(
            kTenants[t],
            selection.query(),
            kStart - Duration::hours(100),
            clock_.now(),
            [=, this, &tenant](const StatusOr<std::string>& id) {
                doubt(tenant.under_way);
                doubt(tenant.expected);
                if (id.ok()) {
                    for (const auto& line : certain) {
                        tenant.maybe.erase(line);
                        tenant.deleted.insert(line);
                        if (!sent_.contains(tenant.deleted_last) ||
                            sent_.at(tenant.deleted_last).number < sent_.at(line).number) {
                            tenant.deleted_last = line;
                        }
                    }
                    ++deletes_made_;
                }
            });
    }

    // What was deleted is pushed once more, at its time: it is an entry like any other.
    void push_again(std::size_t t) {
        Tenant& tenant = tenants_[t];
        if (tenant.deleted.empty()) {
            return;
        }
        auto it = tenant.deleted.find(tenant.deleted_last);
        if (it == tenant.deleted.end()) {
            it = tenant.deleted.begin();
            std::advance(it, choice_.below(tenant.deleted.size()));
        }
        const std::string line = *it;
        tenant.deleted.erase(it);
        ++pushed_again_;
        send(t, line.substr(0, 2), {line});
    }

    void step() {
        const std::uint64_t dice = choice_.below(100);
        if (dice < 20) {
            push();
        } else if (dice < 23) {
            store_->flush([](const Status&) {});
        } else if (dice < 25) {
            check();
        } else if (dice < 28) {
            queries_.push_back(pin(choice_.below(kTenants.size())));
        } else if (dice < 31) {
            end_query();
        } else if (dice < 33) {
            remove(choice_.below(kTenants.size()),
                   {absl::StrCat("a", choice_.below(3)), choice_.below(2) == 0});
        } else if (dice < 36) {
            push_again(choice_.below(kTenants.size()));
        } else if (dice < 41) {
            compactor_->run([] {});
        } else {
            executor_.run_one();
        }
    }

    void check() {
        for (std::size_t t = 0; t < kTenants.size(); ++t) {
            check(pin(t));
        }
    }

    void flush_and_compact() {
        store_->flush([](const Status&) {});
        executor_.run_until_idle();
        bool done = false;
        compactor_->run([&] { done = true; });
        executor_.run_until_idle();
        ASSERT_TRUE(done);
    }

    [[nodiscard]] std::uint64_t rows_in_files(std::size_t t) const {
        std::uint64_t rows = 0;
        for (const auto& s : store_->find_tenant(kTenants[t])->catalog().snapshot()->segments) {
            rows += s.rows;
        }
        return rows;
    }

    // As it passes when nothing else happens.
    void let_pass(Duration time) {
        const Timestamp end = clock_.now() + time;
        while (clock_.now() < end && executor_.run_one()) {
        }
    }
    void jump(Duration time) { clock_.advance(time); }

    // Compacts until nothing is left to do, and looks at what is in the files.
    void settle() {
        clock_.advance(Duration::hours(48));
        // Rounds see what was written before, and what is written now.
        flush_and_compact();
        flush_and_compact();
        let_pass(Duration::hours(25));  // until the clock is believed again
        for (int round = 0; round < 6; ++round) {
            flush_and_compact();
        }
        check();
        for (std::size_t t = 0; t < kTenants.size(); ++t) {
            const auto requests = deletes_->list(kTenants[t]);
            ASSERT_TRUE(requests.ok()) << requests.status();
            for (const auto& listed : *requests) {
                EXPECT_EQ(listed.status, "processed") << listed.request.query;
            }
            if (const auto owner = store_->find_tenant(kTenants[t])) {
                check_files(*owner, tenants_[t].deleted);
            }
        }
    }

    void run_until_idle() { executor_.run_until_idle(); }
    [[nodiscard]] double compactions() {
        return metrics_.counter("logi_compactions_total", "").value();
    }
    [[nodiscard]] double left_out_of_flushes() {
        return metrics_.counter("logi_flush_removed_entries_total", "").value();
    }
    [[nodiscard]] double removed() {
        return metrics_.counter("logi_compaction_removed_entries_total", "").value();
    }
    [[nodiscard]] int deletes_made() const { return deletes_made_; }
    [[nodiscard]] int pushed_again() const { return pushed_again_; }

  private:
    struct Tenant {
        std::set<std::string> sent;
        std::set<std::string> under_way;  // not yet answered
        std::set<std::string> expected;   // acknowledged and not deleted
        std::set<std::string> deleted;
        std::string deleted_last;     // of those the last that was pushed
        std::set<std::string> maybe;  // deleted or not
    };
    struct Sent {
        Timestamp time;
        std::uint64_t number = 0;
    };
    struct Query {
        std::size_t tenant;
        ingest::Pinned pinned;
        std::set<std::string> expected;
        std::set<std::string> deleted;
        Timestamp at;
    };

    [[nodiscard]] bool is_past(const std::string& line, Timestamp at) const {
        return absl::StartsWith(line, kShortLived) && sent_.at(line).time < at - kShortPeriod;
    }

    Query pin(std::size_t t) {
        return {t,
                store_->pin(kTenants[t], {Timestamp::min(), Timestamp::max()}),
                tenants_[t].expected,
                tenants_[t].deleted,
                clock_.now()};
    }

    void end_query() {
        if (!queries_.empty()) {
            check(queries_.front());
            queries_.pop_front();
        }
    }

    // False if a crash keeps it from being read.
    bool read(const segment::Source& source, std::multiset<std::string>& found) {
        const auto all = source.select_all();
        if (!all.ok()) {
            EXPECT_TRUE(files_.crashed()) << all.status();
            return false;
        }
        std::set<std::uint32_t> blocks;
        for (const auto& extent : all->extents()) {
            blocks.insert(extent.block);
        }
        for (const std::uint32_t b : blocks) {
            const auto block = all->open_block(b);
            if (!block.ok()) {
                EXPECT_TRUE(files_.crashed()) << block.status();
                return false;
            }
            for (std::uint32_t row = 0; row < (*block)->stats().rows; ++row) {
                const auto line = (*block)->line(row);
                if (!line.ok()) {
                    EXPECT_TRUE(files_.crashed()) << line.status();
                    return false;
                }
                found.emplace(*line);
            }
        }
        return true;
    }

    void check(const Query& query) {
        if (!query.pinned.missing.empty()) {
            EXPECT_TRUE(files_.crashed()) << query.pinned.missing.front();
            return;
        }
        std::multiset<std::string> found;
        for (const auto& source : query.pinned.sources) {
            if (!read(*source, found)) {
                return;
            }
        }
        for (const auto& line : query.expected) {
            ASSERT_TRUE(found.count(line) == 1U || tenants_[query.tenant].maybe.contains(line) ||
                        is_past(line, query.at))
                << line;
        }
        for (const auto& line : found) {
            ASSERT_EQ(found.count(line), 1U) << line;
            ASSERT_TRUE(tenants_[query.tenant].sent.contains(line)) << line;
            ASSERT_FALSE(query.deleted.contains(line)) << line << " was deleted";
            ASSERT_FALSE(is_past(line, query.at)) << line << " is past its retention";
        }
    }

    void check_files(ingest::Tenant& owner, const std::set<std::string>& deleted) {
        const auto snapshot = owner.catalog().snapshot();
        std::multiset<std::string> found;
        for (const auto& info : snapshot->segments) {
            const auto segment = ingest::open_segment(store_->bucket(), info, nullptr);
            ASSERT_TRUE(segment.ok()) << segment.status();
            ASSERT_TRUE(read(**segment, found));
        }
        for (const auto& line : found) {
            ASSERT_FALSE(deleted.contains(line)) << line << " is still in a file";
            ASSERT_FALSE(is_past(line, clock_.now())) << line << " is past, and in a file";
        }
        // Of a day one.
        EXPECT_LE(snapshot->segments.size(), 3U);
        const auto folder = absl::StrCat("tenants/", owner.name(), "/");
        EXPECT_EQ(store_->bucket().list(folder + "segments")->size(), snapshot->segments.size());
        const auto requests = store_->bucket().list(folder + "deletes");
        for (const auto& object : *requests) {
            ADD_FAILURE() << object.key << " is left";
        }
    }

    io::SimClock clock_;
    io::SimExecutor executor_;
    io::SimFileSystem files_;
    io::SeededRandom ids_;
    io::SeededRandom choice_;
    const Duration cancel_period_;
    base::Registry metrics_;
    std::unique_ptr<ingest::Store> store_;
    std::unique_ptr<Deletes> deletes_;
    std::unique_ptr<Compactor> compactor_;
    std::array<Tenant, 2> tenants_;
    std::deque<Query> queries_;
    std::uint64_t next_line_ = 0;
    int deletes_made_ = 0;
    int pushed_again_ = 0;
    std::map<std::string, Sent> sent_;
};

struct Done {
    double compactions = 0;
    double removed = 0;
    int deletes = 0;
    int pushed_again = 0;
};

// Runs until a crash at the given operation, then opens again and checks.
void crash_at(std::uint64_t seed, std::uint64_t operation, Done& done) {
    SimulatedStore world(seed);
    world.files().crash_at_operation(operation);
    if (world.open()) {
        for (int i = 0; i < 500 && !world.files().crashed(); ++i) {
            world.step();
        }
    }
    world.close_as_crash();
    ASSERT_TRUE(world.open());
    world.check();
    world.run_until_idle();
    world.check();
    world.close_as_crash();
    ASSERT_TRUE(world.open());
    world.check();
    world.settle();
    done.compactions += world.compactions();
    done.removed += world.removed();
    done.deletes += world.deletes_made();
    done.pushed_again += world.pushed_again();
}

// In one generation, after a restart in what is replayed, and when segments are merged.
TEST(CompactionSimulation, AnEntryPushedAgainAfterADeleteIsThere) {
    for (const bool restarted : {false, true}) {
        SimulatedStore world(1);
        ASSERT_TRUE(world.open());
        world.send(0, "a0", {"a0 keep"});
        world.run_until_idle();
        world.remove(0, {"a0", false});
        world.run_until_idle();
        world.push_again(0);
        world.run_until_idle();
        world.check();
        EXPECT_EQ(world.pushed_again(), 1);
        if (restarted) {
            world.close_as_crash();
            ASSERT_TRUE(world.open());
            world.check();
        }
        world.settle();
        EXPECT_EQ(world.removed(), 1);
    }
}

// It is acknowledged, hidden and due before it is in a segment: it never gets there, neither from
// memory nor, after a crash, from the journal.
TEST(CompactionSimulation, WhatIsDeletedForGoodIsNotFlushed) {
    for (const bool crashed : {false, true}) {
        SimulatedStore world(1);
        ASSERT_TRUE(world.open());
        world.send(0, "a0", {"a0 keep", "a0 drop"});
        world.files().set_faults({.forbidden_name = "one/segments"});
        world.run_until_idle();
        world.remove(0, {"a0", true});
        world.flush_and_compact();
        EXPECT_EQ(world.rows_in_files(0), 0U);
        if (crashed) {
            world.close_as_crash();
            ASSERT_TRUE(world.open());
        }
        world.files().set_faults({});
        world.let_pass(Duration::minutes(5));
        world.flush_and_compact();
        EXPECT_EQ(world.rows_in_files(0), 1U);
        EXPECT_EQ(world.left_out_of_flushes(), 1);
        EXPECT_EQ(world.removed(), 0);
        world.settle();
    }
}

// Retention believes the clock only while it runs evenly.
TEST(CompactionSimulation, AfterAJumpOfTheClockNothingIsRemovedForItsAgeForADay) {
    SimulatedStore world(1);
    ASSERT_TRUE(world.open());
    world.send(0, kShortLived, {"a2 keep"});
    world.send(0, "a0", {"a0 keep"});
    world.flush_and_compact();
    EXPECT_EQ(world.rows_in_files(0), 2U);
    world.jump(Duration::hours(48));
    world.check();  // it is hidden all the same
    world.flush_and_compact();
    EXPECT_EQ(world.rows_in_files(0), 2U);
    world.let_pass(Duration::hours(23));
    world.flush_and_compact();
    EXPECT_EQ(world.rows_in_files(0), 2U);
    world.let_pass(Duration::hours(2));
    world.flush_and_compact();
    EXPECT_EQ(world.rows_in_files(0), 1U);
    world.check();
}

TEST(CompactionSimulation, CrashAtEveryOperation) {
    Done done;
    for (std::uint64_t operation = 1; operation < 500; ++operation) {
        crash_at(7 + operation % 5, operation, done);
        ASSERT_FALSE(::testing::Test::HasFailure()) << "crash at operation " << operation;
    }
    EXPECT_GT(done.compactions, 500);
    EXPECT_GT(done.removed, 500);
    EXPECT_GT(done.deletes, 200);
    EXPECT_GT(done.pushed_again, 200);
}

// What a compaction, the retirement of deletes and the removal of inputs do is cut too.
TEST(CompactionSimulation, CrashAtEveryOperationOfSettling) {
    bool over = false;
    for (std::uint64_t operation = 1; !over; operation += 2) {
        SimulatedStore world(13);
        ASSERT_TRUE(world.open());
        for (int i = 0; i < 250; ++i) {
            world.step();
        }
        world.files().crash_at_operation(world.files().operations() + operation);
        for (int i = 0; i < 600 && !world.files().crashed(); ++i) {
            world.step();
        }
        over = operation > 250;
        world.close_as_crash();
        ASSERT_TRUE(world.open());
        world.check();
        world.settle();
        ASSERT_FALSE(::testing::Test::HasFailure()) << "crash at operation " << operation;
    }
}

TEST(CompactionSimulation, CrashesAndFaultsBySeed) {
    Done done;
    for (std::uint64_t seed = 1; seed <= 120; ++seed) {
        SimulatedStore world(seed);
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
                    faults.disk_full_after_bytes = 20'000 + dice.below(30'000);
                    break;
            }
            world.files().set_faults(faults);
            if (dice.below(2) == 0) {
                world.files().crash_at_operation(world.files().operations() + dice.below(400));
            }
            const std::uint64_t steps = dice.below(600);
            for (std::uint64_t i = 0; i < steps && !world.files().crashed(); ++i) {
                world.step();
            }
            world.close_as_crash();
        }
        ASSERT_TRUE(world.open());
        world.check();
        world.settle();
        done.compactions += world.compactions();
        done.removed += world.removed();
        ASSERT_FALSE(::testing::Test::HasFailure()) << "seed " << seed;
    }
    EXPECT_GT(done.compactions, 300);
    EXPECT_GT(done.removed, 300);
}

}  // namespace
}  // namespace logi::compact
