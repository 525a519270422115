#include "journal/bucket_journal.h"

#include "absl/strings/str_cat.h"
#include "bucket/faulty_bucket.h"
#include "bucket/memory_bucket.h"
#include "io/sim_executor.h"
#include "journal/registry.h"

#include <gtest/gtest.h>

#include <optional>

namespace logi::journal {
namespace {

using Id = std::pair<std::uint64_t, std::uint64_t>;

// A journal over a bucket, in one thread.
class Writer {
  public:
    Writer(bucket::Bucket& bucket, const std::string& name, std::uint64_t seed)
        : executor_(seed, clock_), random_(seed) {
        BucketJournal::Options options;
        options.writer = name;
        options.journal_bytes_max = 4000;
        journal_ = std::make_unique<BucketJournal>(
            BucketJournal::Deps{executor_, bucket, clock_, random_, metrics_},
            options,
            JournalEvents{[this](std::uint64_t journal, std::uint64_t last) {
                closed.emplace_back(journal, last);
            }});
    }

    void append(const std::string& tenant, const std::string& payload) {
        journal_->append(tenant,
                         std::make_shared<const std::string>(payload),
                         [this, payload](const StatusOr<RecordId>& id) {
                             if (id.ok()) {
                                 acknowledged.emplace_back(Id{id->journal, id->position}, payload);
                             } else {
                                 refused.push_back(payload);
                             }
                         });
    }
    void pass(Duration time) {
        const Timestamp end = clock_.now() + time;
        while (clock_.now() < end && executor_.run_one()) {
        }
    }
    void advance(Duration by) { clock_.advance(by); }
    BucketJournal& journal() { return *journal_; }
    io::SimExecutor& executor() { return executor_; }

    std::vector<std::pair<Id, std::string>> acknowledged;
    std::vector<std::string> refused;
    std::vector<Id> closed;

  private:
    io::SimClock clock_{Timestamp{1'700'000'000'000'000'000}};
    io::SimExecutor executor_;
    io::SeededRandom random_;
    base::Registry metrics_;
    std::unique_ptr<BucketJournal> journal_;
};

JournalObject read(bucket::Bucket& bucket, std::uint64_t journal, std::uint64_t number) {
    const auto bytes = bucket.get(object_key(journal, number));
    EXPECT_TRUE(bytes.ok()) << bytes.status();
    auto object = decode_object(bytes.ok() ? *bytes : "");
    EXPECT_TRUE(object.ok()) << object.status();
    return object.ok() ? *std::move(object) : JournalObject();
}

// All records of all journals, by their ids.
std::map<Id, std::string> read_all(bucket::Bucket& bucket) {
    std::map<Id, std::string> all;
    const auto objects = bucket.list(kJournalsFolder);
    for (const auto& info : *objects) {
        const auto object = decode_object(*bucket.get(info.key));
        EXPECT_TRUE(object.ok()) << object.status();
        for (const auto& [tenant, records] : object->tenants) {
            for (const auto& record : records.records) {
                all[{object->journal, position_of(object->number, record.index)}] =
                    std::string(record.payload);
            }
        }
    }
    return all;
}

TEST(JournalObjectBytes, EveryChangedOrMissingByteIsNoticed) {
    const auto text = [](const std::string& s) {
        return std::make_shared<const std::string>(s);
    };
    const std::string bytes = encode_object(
        7, 9, "w", {{"b", text("one")}, {"a", text("two")}, {"b", text(std::string(300, 'x'))}});
    const auto back = decode_object(bytes);
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(back->journal, 7U);
    EXPECT_EQ(back->number, 9U);
    EXPECT_EQ(back->writer, "w");
    EXPECT_FALSE(back->seal);
    ASSERT_EQ(back->tenants.size(), 2U);
    EXPECT_EQ(back->tenants.at("b").records[1].index, 3U);
    EXPECT_EQ(back->tenants.at("a").records[0].payload, "two");
    const std::string seal = encode_seal(7, 10, "w");
    EXPECT_TRUE(decode_object(seal)->seal);
    const auto is_whole = [](std::string_view some) {
        const auto object = decode_object(some);
        return object.ok() && object->damaged.empty();
    };
    for (const std::string& whole : {bytes, seal}) {
        ASSERT_TRUE(is_whole(whole));
        for (std::size_t i = 0; i < whole.size(); ++i) {
            std::string changed = whole;
            changed[i] = static_cast<char>(changed[i] ^ 0x10);
            EXPECT_FALSE(is_whole(changed)) << i;
            EXPECT_FALSE(is_whole(std::string_view(whole).substr(0, i))) << i;
        }
        EXPECT_FALSE(is_whole(whole + "x"));
    }
}

TEST(JournalObjectBytes, OneTenantsDamageLeavesTheOthers) {
    const auto text = [](const std::string& s) {
        return std::make_shared<const std::string>(s);
    };
    const std::string bytes =
        encode_object(7, 9, "w", {{"a", text("one")}, {"b", text("two")}, {"c", text("three")}});
    std::string changed = bytes;
    changed[bytes.find("two")] = 'T';
    const auto object = decode_object(changed);
    ASSERT_TRUE(object.ok()) << object.status();
    EXPECT_EQ(object->tenants.at("a").records[0].payload, "one");
    EXPECT_EQ(object->tenants.at("c").records[0].payload, "three");
    EXPECT_EQ(object->tenants.count("b"), 0U);
    EXPECT_EQ(object->damaged.at("b").code(), absl::StatusCode::kDataLoss);
    const auto cut = decode_object(std::string_view(bytes).substr(0, bytes.find("three")));
    ASSERT_TRUE(cut.ok()) << cut.status();
    EXPECT_EQ(cut->tenants.size(), 2U);
    EXPECT_EQ(cut->damaged.count("c"), 1U);
}

TEST(Registry, BehindWhatMayBeASealComesOneMoreAndBothStay) {
    bucket::MemoryBucket bucket;
    const auto record = std::make_shared<const std::string>("one");
    ASSERT_TRUE(bucket.put(object_key(7, 1), encode_object(7, 1, "w", {{"t", record}})).ok());
    EXPECT_EQ(*seal_journal(bucket, 7, "a"), 2U);
    ASSERT_TRUE(bucket.put(object_key(7, 2), "no seal any more").ok());
    EXPECT_EQ(read_object(bucket, 7, 2).status().code(), absl::StatusCode::kDataLoss);
    EXPECT_EQ(*seal_journal(bucket, 7, "b"), 3U);
    EXPECT_EQ(*seal_journal(bucket, 7, "c"), 3U);
    ASSERT_TRUE(set_aside(bucket, 7, 2).ok());
    ASSERT_TRUE(remove_journal(bucket, 7, 2, {2}).ok());
    EXPECT_EQ(*object_numbers(bucket, 7), std::vector<std::uint64_t>({2, 3}));
    EXPECT_EQ(*bucket.get(absl::StrCat("damaged/", object_key(7, 2))), "no seal any more");
    // Its writer is late.
    EXPECT_FALSE(bucket.put_if_absent(object_key(7, 2), "records").ok());
}

TEST(BucketJournal, WhileAnObjectHangsRecordsAreRefused) {
    bucket::MemoryBucket bucket;
    bucket::FaultyNetwork network(bucket, 1);
    bool hangs = true;
    std::unique_ptr<Writer> writer;
    bucket::FaultyBucket way(network, {}, [&] {
        if (std::exchange(hangs, false)) {
            writer->append("a", "soon");
            writer->advance(Duration::seconds(6));
            writer->append("a", "late");
        }
    });
    writer = std::make_unique<Writer>(way, "w", 1);
    writer->append("a", "first");
    writer->pass(Duration::seconds(10));
    EXPECT_EQ(writer->refused, std::vector<std::string>{"late"});
    EXPECT_EQ(writer->acknowledged.size(), 2U);
    writer->append("a", "again");
    writer->pass(Duration::seconds(1));
    EXPECT_EQ(writer->acknowledged.size(), 3U);
}

TEST(BucketJournal, OneObjectHoldsWhatComesInAQuarterOfASecond) {
    bucket::MemoryBucket bucket;
    Writer writer(bucket, "w", 1);
    writer.append("a", "one");
    writer.append("b", "two");
    writer.pass(Duration::millis(200));
    EXPECT_TRUE(writer.acknowledged.empty());
    writer.append("a", "three");
    writer.pass(Duration::millis(100));
    ASSERT_EQ(writer.acknowledged.size(), 3U);
    const std::uint64_t journal = writer.acknowledged[0].first.first;
    EXPECT_EQ(*registered_journals(bucket), std::vector<std::uint64_t>{journal});
    EXPECT_EQ(*writer_of(bucket, journal), "w");
    EXPECT_EQ(*object_numbers(bucket, journal), std::vector<std::uint64_t>{1});
    EXPECT_EQ(writer.acknowledged[2].first.second, position_of(1, 3));
    EXPECT_EQ(read(bucket, journal, 1).tenants.at("a").records[1].payload, "three");
    // Nothing is put when nothing comes.
    writer.pass(Duration::minutes(1));
    EXPECT_EQ(bucket.list("journals")->size(), 1U);
    writer.append("a", "four");
    writer.pass(Duration::seconds(1));
    EXPECT_EQ(writer.acknowledged[3].first.second, position_of(2, 1));
}

TEST(BucketJournal, AfterASealNothingIsAcknowledgedFromIt) {
    bucket::MemoryBucket bucket;
    Writer writer(bucket, "w", 1);
    writer.append("a", "one");
    writer.pass(Duration::seconds(1));
    const Id first = writer.acknowledged.at(0).first;
    EXPECT_EQ(*seal_journal(bucket, first.first, "other"), 2U);
    EXPECT_EQ(*seal_journal(bucket, first.first, "third"), 2U);
    writer.append("a", "two");
    writer.pass(Duration::seconds(1));
    ASSERT_EQ(writer.acknowledged.size(), 2U);
    EXPECT_NE(writer.acknowledged[1].first.first, first.first);
    EXPECT_EQ(writer.closed, std::vector<Id>{first});
    EXPECT_EQ(registered_journals(bucket)->size(), 2U);
    // What is in segments is removed, but not the seal: a writer may sleep for long.
    EXPECT_TRUE(writer.journal().remove(first.first).ok());
    EXPECT_EQ(*object_numbers(bucket, first.first), std::vector<std::uint64_t>{2});
    EXPECT_EQ(registered_journals(bucket)->size(), 1U);
}

TEST(BucketJournal, AJournalOfFewBytesIsFollowedByAnother) {
    bucket::MemoryBucket bucket;
    Writer writer(bucket, "w", 1);
    for (int i = 0; i < 11; ++i) {
        writer.append("a", std::string(1000, static_cast<char>('a' + i)));
        writer.pass(Duration::seconds(1));
    }
    EXPECT_EQ(writer.closed.size(), 2U);
    writer.journal().rotate();
    writer.executor().run_until_idle();
    EXPECT_EQ(writer.closed.size(), 3U);
    EXPECT_EQ(writer.closed[1].second, position_of(5, 1));
    EXPECT_EQ(read_all(bucket).size(), 11U);
}

TEST(BucketJournal, RefusesWhileTheBucketIsDownAndLosesNothingThatWaits) {
    bucket::MemoryBucket bucket;
    bucket::FaultyNetwork network(bucket, 1);
    bucket::FaultyBucket way(network, {});
    Writer writer(way, "w", 1);
    bool down = true;
    way.set_filter([&](const std::string&, const std::string&) {
        return down ? absl::UnavailableError("down") : absl::OkStatus();
    });
    writer.append("a", "one");
    writer.pass(Duration::seconds(10));
    writer.append("a", "two");
    EXPECT_EQ(writer.refused, std::vector<std::string>{"two"});
    down = false;
    writer.pass(Duration::seconds(10));
    writer.append("a", "three");
    writer.pass(Duration::seconds(1));
    EXPECT_EQ(writer.acknowledged.size(), 2U);
}

// Whatever the network does: what is acknowledged is there, once, and in its order; and when the
// journal is sealed, nothing behind the seal is acknowledged.
TEST(BucketJournal, WhatIsAcknowledgedIsThereWhateverTheNetworkDoes) {
    std::uint64_t faults = 0;
    std::size_t sealed = 0;
    for (std::uint64_t seed = 1; seed <= 500; ++seed) {
        bucket::MemoryBucket bucket;
        bucket::FaultyNetwork network(bucket, seed);
        bucket::FaultyBucket way(network, {60, 80, 50, 50, 80});
        Writer writer(way, "w", seed);
        for (int i = 0; i < 120; ++i) {
            writer.append(absl::StrCat("t", i % 3), absl::StrCat("line ", i));
            writer.pass(Duration::millis(static_cast<std::int64_t>(network.random().below(300))));
            if (network.random().below(20) == 0) {
                const auto journals = registered_journals(bucket);
                if (!journals->empty()) {
                    seal_journal(way, journals->back(), "other").IgnoreError();
                }
            }
        }
        writer.pass(Duration::minutes(1));
        const auto all = read_all(bucket);
        ASSERT_EQ(writer.acknowledged.size() + writer.refused.size(), 120U) << "seed " << seed;
        std::map<std::uint64_t, std::uint64_t> last;
        for (const auto& [id, payload] : writer.acknowledged) {
            ASSERT_EQ(all.at(id), payload) << "seed " << seed;
            ASSERT_GT(id.second, std::exchange(last[id.first], id.second)) << "seed " << seed;
        }
        for (const auto& [journal, position] : last) {
            const auto numbers = object_numbers(bucket, journal);
            for (std::uint64_t i = 0; i < numbers->size(); ++i) {
                ASSERT_EQ((*numbers)[i], i + 1) << "seed " << seed;
            }
            for (const std::uint64_t number : *numbers) {
                if (read(bucket, journal, number).seal) {
                    ASSERT_LT(object_of(position), number) << "seed " << seed;
                    ++sealed;
                }
            }
        }
        faults += network.faults();
    }
    EXPECT_GT(faults, 1000U);
    EXPECT_GT(sealed, 50U);
}

}  // namespace
}  // namespace logi::journal
