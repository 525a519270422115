// What dead writers have left, damaged on purpose; tests/simulation has the rest.
#include "cluster/takeover.h"

#include "absl/strings/str_cat.h"
#include "bucket/faulty_bucket.h"
#include "bucket/memory_bucket.h"
#include "cluster/sweeper.h"
#include "ingest/test_lines.h"
#include "io/sim_executor.h"
#include "io/sim_file_system.h"
#include "journal/registry.h"

#include <gtest/gtest.h>

namespace logi::cluster {
namespace {

using Lines = std::vector<std::string>;

class TakeOver : public testing::Test {
  protected:
    std::unique_ptr<ingest::Store> open(const std::string& writer) {
        ingest::StoreOptions options;
        options.shared.emplace();
        options.shared->writer = writer;
        options.open_bucket = [this]() -> StatusOr<std::unique_ptr<bucket::Bucket>> {
            return std::make_unique<bucket::FaultyBucket>(network_, bucket::BucketFaults());
        };
        auto store = ingest::Store::open({executor_, clock_, random_, files_, metrics_}, options);
        EXPECT_TRUE(store.ok()) << store.status();
        return *std::move(store);
    }
    // One object of the journal, with a line of each tenant.
    void push(ingest::Store& store,
              const std::vector<std::string>& tenants,
              const std::string& line) {
        std::size_t answered = 0;
        for (const auto& tenant : tenants) {
            wire::PushRequest request;
            wire::PushStream stream;
            stream.labels = std::vector<LabelPair>{{"app", "a"}};
            request.buffers.push_back(std::make_unique<std::string>(line));
            stream.entries.push_back({clock_.now(), *request.buffers.back(), {}});
            request.streams.push_back(std::move(stream));
            store.push(tenant, std::move(request), [&](const auto& outcome) {
                EXPECT_EQ(outcome.status, 204) << outcome.message;
                ++answered;
            });
        }
        while (answered < tenants.size()) {
            ASSERT_TRUE(executor_.run_one());
        }
    }
    // With what is missing, if something is.
    Lines lines(ingest::Store& store, const std::string& tenant) {
        const auto pinned = store.pin(tenant, {Timestamp::min(), Timestamp::max()});
        Lines found = ingest::sorted_lines(pinned);
        if (!pinned.missing.empty()) {
            found.emplace_back("incomplete");
        }
        return found;
    }
    void damage(std::uint64_t journal, std::uint64_t number, bool at_the_end) {
        const std::string key = journal::object_key(journal, number);
        std::string bytes = *bucket_.get(key);
        char& byte = bytes[at_the_end ? bytes.size() - 1 : 20];
        byte = static_cast<char>(byte ^ 1);
        ASSERT_TRUE(bucket_.put(key, bytes).ok());
    }

    io::SimClock clock_{Timestamp{1'700'000'000'000'000'000}};
    io::SimExecutor executor_{1, clock_};
    io::SeededRandom random_{1};
    io::SimFileSystem files_{1};
    base::Registry metrics_;
    bucket::MemoryBucket bucket_;
    bucket::FaultyNetwork network_{bucket_, 1};
};

TEST_F(TakeOver, WhatIsDamagedIsSetAsideAndTheRestGoesOn) {
    const auto writer = open("w");
    for (const char* line : {"1", "2", "3", "4"}) {
        push(*writer, {"a", "b"}, line);
    }
    const std::uint64_t journal = journal::registered_journals(bucket_)->front();
    damage(journal, 2, true);   // of b
    damage(journal, 4, false);  // of both; it may be a seal
    const std::string fourth = *bucket_.get(journal::object_key(journal, 4));
    const auto reader = open("");
    EXPECT_EQ(lines(*reader, "a"), Lines({"1", "2", "3", "incomplete"}));
    EXPECT_EQ(lines(*reader, "b"), Lines({"1", "3", "incomplete"}));

    const auto compactor = open("");
    const auto taken = take_over_journal(*compactor, journal, "compactor");
    ASSERT_TRUE(taken.ok()) << taken.status();
    EXPECT_EQ(taken->damaged, 2U);
    // Who follows it reads it to its end.
    EXPECT_EQ(journal::registered_journals(bucket_)->size(), 1U);
    EXPECT_EQ(journal::object_numbers(bucket_, journal)->size(), 5U);
    ASSERT_TRUE(remove_taken_over(bucket_, *taken).ok());
    EXPECT_TRUE(journal::registered_journals(bucket_)->empty());
    EXPECT_EQ(bucket_.list("damaged")->size(), 2U);
    EXPECT_EQ(*bucket_.get(absl::StrCat("damaged/", journal::object_key(journal, 4))), fourth);
    EXPECT_EQ(lines(*reader, "a"), Lines({"1", "2", "3"}));
    EXPECT_EQ(lines(*reader, "b"), Lines({"1", "3"}));
    // What may be a seal stays, and so does the one behind it: the writer goes on elsewhere.
    EXPECT_EQ(*journal::object_numbers(bucket_, journal), std::vector<std::uint64_t>({4, 5}));
    push(*writer, {"a"}, "5");
    EXPECT_NE(journal::registered_journals(bucket_)->front(), journal);
    EXPECT_EQ(lines(*reader, "a"), Lines({"1", "2", "3", "5"}));
}

TEST_F(TakeOver, WhatIsDamagedIsSetAsideAlsoWhereARequestToDeleteCuts) {
    const auto writer = open("w");
    push(*writer, {"a"}, "1");
    push(*writer, {"a"}, "2");
    const auto compactor = open("");
    const auto tenant = *compactor->tenant("a");
    ASSERT_TRUE(tenant->catalog()
                    .edit_deletes([&](auto& requests, std::uint64_t) -> Status {
                        catalog::DeleteRequest request;
                        request.id = "id";
                        request.query = R"({app="a"})";
                        request.last = Timestamp::max();
                        LOGI_ASSIGN_OR_RETURN(request.arrived, compactor->arrived_in_bucket());
                        requests.push_back(request);
                        return absl::OkStatus();
                    })
                    .ok());
    push(*writer, {"a"}, "3");
    push(*writer, {"a"}, "4");
    const std::uint64_t journal = journal::registered_journals(bucket_)->front();
    damage(journal, 2, true);
    damage(journal, 3, true);
    const auto damaged = take_over_journal(*compactor, journal, "compactor");
    ASSERT_TRUE(damaged.ok()) << damaged.status();
    EXPECT_EQ(damaged->damaged, 2U);
    EXPECT_TRUE(remove_taken_over(bucket_, *damaged).ok());
    EXPECT_TRUE(journal::registered_journals(bucket_)->empty());
    EXPECT_EQ(lines(*open(""), "a"), Lines({"4"}));
}

TEST_F(TakeOver, WhatANewerVersionHasWrittenIsLeftToIt) {
    const auto writer = open("w");
    push(*writer, {"a"}, "1");
    push(*writer, {"a"}, "2");
    const std::uint64_t journal = journal::registered_journals(bucket_)->front();
    const std::string key = journal::object_key(journal, 1);
    std::string bytes = *bucket_.get(key);
    bytes[journal::kObjectMagic.size()] = 99;
    ASSERT_TRUE(bucket_.put(key, bytes).ok());
    const auto compactor = open("");
    EXPECT_EQ(take_over_journal(*compactor, journal, "compactor").status().code(),
              absl::StatusCode::kUnimplemented);
    EXPECT_EQ(*bucket_.get(key), bytes);
    EXPECT_EQ(journal::registered_journals(bucket_)->size(), 1U);
}

TEST_F(TakeOver, PositionsOfJournalsThatAreGoneAreDroppedAfterTheGrace) {
    const auto writer = open("w");
    push(*writer, {"a"}, "1");
    const std::uint64_t journal = journal::registered_journals(bucket_)->front();
    const auto compactor = open("");
    const auto taken = take_over_journal(*compactor, journal, "compactor");
    ASSERT_TRUE(taken.ok()) << taken.status();
    ASSERT_TRUE(remove_taken_over(bucket_, *taken).ok());
    push(*writer, {"a"}, "2");  // in a new journal
    writer->flush([](const Status& status) { EXPECT_TRUE(status.ok()) << status; });
    executor_.run_until_idle();
    const std::uint64_t living = journal::registered_journals(bucket_)->front();

    constexpr int kGrace = 3;
    Sweeper sweeper(kGrace);
    const auto tenant = *compactor->tenant("a");
    const auto known = [&](std::uint64_t id) {
        return tenant->catalog().snapshot()->positions.contains(id);
    };
    const auto sweep = [&] {
        sweeper.tick();
        ASSERT_TRUE(
            sweeper.sweep(*compactor, *tenant, *journal::registered_journals(bucket_)).ok());
    };
    for (int i = 0; i <= kGrace; ++i) {
        sweep();
        EXPECT_TRUE(known(journal)) << i;
    }
    for (int i = 0; i < 2; ++i) {
        sweep();
    }
    EXPECT_FALSE(known(journal));
    EXPECT_TRUE(known(living));
    EXPECT_EQ(lines(*writer, "a"), Lines({"1", "2"}));
    // A take-over that comes too late brings nothing back.
    ASSERT_TRUE(take_over_journal(*compactor, journal, "late").ok());
    EXPECT_EQ(lines(*writer, "a"), Lines({"1", "2"}));
}

}  // namespace
}  // namespace logi::cluster
