// Requests to delete over a bucket that several processes share; tests/simulation has them die and
// wait at any point.
#include "bucket/faulty_bucket.h"
#include "bucket/memory_bucket.h"
#include "compact/compactor.h"
#include "ingest/test_lines.h"
#include "io/sim_executor.h"
#include "io/sim_file_system.h"
#include "journal/registry.h"

#include <gtest/gtest.h>

#include <climits>
#include <utility>

namespace logi::compact {
namespace {

using Lines = std::vector<std::string>;
constexpr Duration kCancelPeriod = Duration::minutes(10);

// A writer, and who reads and compacts.
class Cluster {
  protected:
    Cluster() : writer_(open("w")), reader_(open("")) {}

    std::unique_ptr<ingest::Store> open(const std::string& writer,
                                        const std::function<bool()>& is_dead = {}) {
        ingest::StoreOptions options;
        options.shared.emplace();
        options.shared->writer = writer;
        options.open_bucket = [this, is_dead]() -> StatusOr<std::unique_ptr<bucket::Bucket>> {
            auto way = std::make_unique<bucket::FaultyBucket>(network_, bucket::BucketFaults());
            way->set_filter([=, this](const std::string& what, const std::string& key) -> Status {
                if (before_call_) {
                    before_call_(what, key);
                }
                return is_dead && is_dead() ? absl::UnavailableError("dead") : absl::OkStatus();
            });
            return way;
        };
        auto store = ingest::Store::open({executor_, clock_, random_, files_, metrics_}, options);
        EXPECT_TRUE(store.ok()) << store.status();
        return *std::move(store);
    }
    // Into an object of its own.
    void push(const std::string& tenant, const std::string& line) {
        wire::PushRequest request;
        wire::PushStream stream;
        stream.labels = std::vector<LabelPair>{{"app", "a"}};
        request.buffers.push_back(std::make_unique<std::string>(line));
        stream.entries.push_back({clock_.now(), *request.buffers.back(), {}});
        request.streams.push_back(std::move(stream));
        int status = 0;
        writer_->push(
            tenant, std::move(request), [&](const auto& outcome) { status = outcome.status; });
        while (status == 0) {
            ASSERT_TRUE(executor_.run_one());
        }
        ASSERT_EQ(status, 204);
    }
    void flush() {
        writer_->flush([](const Status& status) { EXPECT_TRUE(status.ok()) << status; });
        executor_.run_until_idle();
    }
    static void remove(Deletes& deletes, const std::string& query) {
        bool made = false;
        deletes.add("t", query, Timestamp::min(), Timestamp::max(), [&](const auto& id) {
            made = id.ok();
        });
        EXPECT_TRUE(made);
    }
    static void remove_all(Deletes& deletes) { remove(deletes, R"({app="a"})"); }
    Lines lines() { return ingest::sorted_lines(reader_->pin("t", kAlways)); }
    [[nodiscard]] std::uint64_t journal() { return journal::registered_journals(bucket_)->front(); }
    [[nodiscard]] std::string status() { return deletes_.list("t")->front().status; }

    // A round of whoever compacts; it may be killed.
    void compact(ingest::Store& store, Deletes& deletes) {
        store.discover_tenants().IgnoreError();
        Compactor compactor({store, deletes, executor_, clock_, metrics_}, {Duration{}, {}});
        bool done = false;
        compactor.run([&] { done = true; });
        executor_.run_until_idle();
        EXPECT_TRUE(done);
    }
    void round(Deletes& deletes) { compact(*reader_, deletes); }
    void round() { round(deletes_); }

    static constexpr TimeRange kAlways{Timestamp::min(), Timestamp::max()};
    io::SimClock clock_{Timestamp{1'700'000'000'000'000'000}};
    io::SimExecutor executor_{1, clock_};
    io::SeededRandom random_{1};
    io::SimFileSystem files_{1};
    base::Registry metrics_;
    bucket::MemoryBucket bucket_;
    bucket::FaultyNetwork network_{bucket_, 1};
    std::function<void(const std::string& what, const std::string& key)> before_call_;
    const std::unique_ptr<ingest::Store> writer_;
    const std::unique_ptr<ingest::Store> reader_;
    Deletes deletes_{*reader_, clock_, random_, Duration{}};
};

class SharedDeletes : public testing::Test, protected Cluster {};

TEST_F(SharedDeletes, OneEndsWhereTheTenantWritesNoMore) {
    push("t", "one");
    flush();
    push("other", "two");  // the journal goes on
    remove_all(deletes_);
    EXPECT_EQ(lines(), Lines());
    EXPECT_EQ(status(), "received");
    round();
    EXPECT_EQ(status(), "processed");
    EXPECT_EQ(journal::registered_journals(bucket_)->size(), 1U);
    EXPECT_EQ(lines(), Lines());
    // What has come since is flushed behind a cut that nobody knows any more.
    push("t", "three");
    flush();
    EXPECT_EQ(lines(), Lines({"three"}));
}

TEST_F(SharedDeletes, OneWaitsForWhatIsInJournalsOnly) {
    push("other", "one");
    push("t", "two");
    push("other", "three");
    remove_all(deletes_);
    push("t", "four");
    for (int i = 0; i < 2; ++i) {
        round();
        EXPECT_NE(status(), "processed");
        EXPECT_EQ(lines(), Lines({"four"}));
    }
    flush();
    round();
    EXPECT_EQ(status(), "processed");
    EXPECT_EQ(lines(), Lines({"four"}));
}

TEST_F(SharedDeletes, AnObjectThatComesBackTellsNothingOfItsJournal) {
    for (const char* line : {"one", "two", "three"}) {
        push("t", line);
    }
    flush();
    const std::string first = journal::object_key(journal(), 1);
    const std::string bytes = *bucket_.get(first);
    for (std::uint64_t number = 1; number <= 3; ++number) {
        ASSERT_TRUE(bucket_.remove(journal::object_key(journal(), number)).ok());
    }
    // The journal is being removed, and its first put arrives for a second time.
    ASSERT_TRUE(bucket_.put(first, bytes).ok());
    remove_all(deletes_);
    EXPECT_EQ(lines(), Lines());
    round();
    EXPECT_EQ(status(), "processed");
    EXPECT_EQ(lines(), Lines());
}

TEST_F(SharedDeletes, WhatLeavesTheJournalsWhileOneIsMadeIsCovered) {
    push("t", "one");
    bool gone = false;
    before_call_ = [&](const std::string& what, const std::string& key) {
        if (what == "list" && key == journal::kRegistryFolder && !std::exchange(gone, true)) {
            const std::uint64_t left = journal();
            flush();
            ASSERT_TRUE(journal::remove_journal(bucket_, left, 1).ok());
        }
    };
    remove_all(deletes_);
    EXPECT_TRUE(gone);
    EXPECT_EQ(lines(), Lines());
    EXPECT_EQ(deletes_.list("t")->size(), 1U);
}

TEST_F(SharedDeletes, OneOfAProcessWhoseClockIsAheadIsDueInItsTime) {
    push("t", "one");
    flush();
    io::SimClock ahead{clock_.now() + Duration::hours(2400)};
    Deletes elsewhere(*writer_, ahead, random_, kCancelPeriod);
    Deletes deletes(*reader_, clock_, random_, kCancelPeriod);
    remove_all(elsewhere);
    round(deletes);
    EXPECT_EQ(status(), "received");
    clock_.advance(Duration{kCancelPeriod.ns - Duration::seconds(1).ns});
    round(deletes);
    EXPECT_EQ(status(), "received");
    clock_.advance(Duration::seconds(1));
    round(deletes);
    EXPECT_EQ(status(), "processed");
}

// Whoever compacts is killed at one of its calls, and another goes on. How many calls there were.
class Killed : public Cluster {
  public:
    int run(int at) {
        for (const char* line : {"1 drop", "2 keep", "3 drop"}) {
            push("t", line);
            flush();
        }
        push("t", "4 drop");
        remove(deletes_, R"({app="a"} |= "drop")");
        flush();
        int calls = 0;
        const auto first = open("", [&] { return ++calls >= at; });
        Deletes of_first(*first, clock_, random_, Duration{});
        compact(*first, of_first);
        EXPECT_EQ(lines(), Lines({"2 keep"})) << at;
        round();
        EXPECT_EQ(status(), "processed") << at;
        EXPECT_EQ(lines(), Lines({"2 keep"})) << at;
        executor_.drop_all();
        return calls;
    }
};

TEST(SharedDeletesKilled, AnyCallMayBeTheLast) {
    const int calls = Killed().run(INT_MAX);
    EXPECT_GT(calls, 10);
    for (int at = 1; at <= calls; ++at) {
        Killed().run(at);
    }
}

}  // namespace
}  // namespace logi::compact
