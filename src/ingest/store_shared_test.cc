// Several stores over one bucket. tests/simulation has them die and wait at any point.
#include "ingest/shared_stores.h"
#include "journal/registry.h"

#include <gtest/gtest.h>

namespace logi::ingest {
namespace {

using SharedStore = SharedStores;

TEST_F(SharedStore, AReaderFindsWhatAllWritersHaveAcknowledged) {
    const auto a = open("a");
    const auto b = open("b");
    const auto reader = open("");
    EXPECT_EQ(lines(*reader, "t"), Lines());
    EXPECT_EQ(push(*a, "t", "one"), 204);
    EXPECT_EQ(push(*b, "t", "two"), 204);
    EXPECT_EQ(push(*b, "other", "three"), 204);
    EXPECT_EQ(lines(*reader, "t"), Lines({"one", "two"}));
    flush(*a);
    EXPECT_EQ(lines(*reader, "t"), Lines({"one", "two"}));
    // A journal of which a part is in segments.
    EXPECT_EQ(push(*a, "t", "four"), 204);
    EXPECT_EQ(lines(*reader, "t"), Lines({"four", "one", "two"}));
    flush(*a);
    flush(*b);
    EXPECT_EQ(lines(*reader, "t"), Lines({"four", "one", "two"}));
    EXPECT_EQ(lines(*reader, "other"), Lines({"three"}));
    EXPECT_EQ(lines(*a, "other"), Lines({"three"}));
    EXPECT_TRUE(missing_.empty());
}

TEST_F(SharedStore, AJournalWhosePartIsInSegmentsIsReadFromThere) {
    const auto writer = open("w");
    const auto early = open("");
    EXPECT_EQ(push(*writer, "t", "one"), 204);
    EXPECT_EQ(lines(*early, "t"), Lines({"one"}));
    EXPECT_EQ(push(*writer, "t", "two"), 204);
    flush(*writer);
    EXPECT_EQ(push(*writer, "t", "three"), 204);
    // One has read all three as one piece, the other knows nothing yet.
    EXPECT_EQ(lines(*early, "t"), Lines({"one", "three", "two"}));
    EXPECT_EQ(lines(*open(""), "t"), Lines({"one", "three", "two"}));
}

TEST_F(SharedStore, WhoHasOnlyReadingToDoTakesNoPushes) {
    const auto reader = open("");
    EXPECT_EQ(push(*reader, "t", "one"), 404);
    EXPECT_EQ(lines(*reader, "made up"), Lines());
    EXPECT_TRUE(reader->tenants().empty());
    EXPECT_TRUE(bucket_.list("tenants")->empty());
}

TEST_F(SharedStore, WhatCannotBeReadIsSaid) {
    const auto writer = open("w");
    const auto reader = open("");
    EXPECT_EQ(push(*writer, "t", "one"), 204);
    EXPECT_EQ(push(*writer, "t", "two"), 204);
    const std::uint64_t journal = journal::registered_journals(bucket_)->front();
    const std::string key = journal::object_key(journal, 1);
    std::string bytes = *bucket_.get(key);
    bytes[bytes.size() - 1] = static_cast<char>(bytes[bytes.size() - 1] ^ 1);
    ASSERT_TRUE(bucket_.put(key, bytes).ok());
    EXPECT_EQ(lines(*reader, "t"), Lines({"two"}));
    ASSERT_EQ(missing_.size(), 1U);
    EXPECT_NE(missing_[0].find(key), std::string::npos) << missing_[0];
    // An object that is gone from between others.
    EXPECT_EQ(push(*writer, "t", "three"), 204);
    ASSERT_TRUE(bucket_.remove(journal::object_key(journal, 2)).ok());
    lines(*open(""), "t");
    ASSERT_EQ(missing_.size(), 2U);
    EXPECT_NE(missing_[0].find("object 2 is gone"), std::string::npos) << missing_[0];
}

TEST_F(SharedStore, OnlyWhoseRecordsAreDamagedHearsOfIt) {
    const auto writer = open("w");
    int answered = 0;
    for (const std::string tenant : {"one", "two"}) {
        wire::PushRequest request;
        wire::PushStream stream;
        stream.labels = std::vector<LabelPair>{{"app", "a"}};
        stream.entries.push_back({clock_.now(), "a line", {}});
        request.streams.push_back(std::move(stream));
        writer->push(tenant, std::move(request), [&](const auto& outcome) {
            answered += outcome.status == 204 ? 1 : 0;
        });
    }
    while (answered < 2) {
        ASSERT_TRUE(executor_.run_one());
    }
    const std::uint64_t journal = journal::registered_journals(bucket_)->front();
    const std::string key = journal::object_key(journal, 1);
    std::string bytes = *bucket_.get(key);
    bytes.back() = static_cast<char>(bytes.back() ^ 1);
    ASSERT_TRUE(bucket_.put(key, bytes).ok());
    const auto reader = open("");
    EXPECT_EQ(lines(*reader, "one"), Lines({"a line"}));
    EXPECT_TRUE(missing_.empty());
    EXPECT_EQ(lines(*reader, "two"), Lines());
    ASSERT_EQ(missing_.size(), 1U);
    EXPECT_NE(missing_[0].find(key), std::string::npos) << missing_[0];
}

TEST_F(SharedStore, AWriterWhoseJournalIsForgottenWritesNothingOfItAgain) {
    const auto writer = open("w");
    EXPECT_EQ(push(*writer, "t", "one"), 204);
    const std::uint64_t journal = journal::registered_journals(bucket_)->front();
    // Others have written it, removed it, and dropped its position long ago.
    ASSERT_TRUE(journal::seal_journal(bucket_, journal, "other").ok());
    ASSERT_TRUE(journal::remove_journal(bucket_, journal, 1).ok());
    flush(*writer);
    EXPECT_EQ(lines(*writer, "t"), Lines());
    EXPECT_TRUE(bucket_.list("tenants/t/catalog")->empty());
    EXPECT_EQ(push(*writer, "t", "two"), 204);  // in a new one
    flush(*writer);
    EXPECT_EQ(lines(*writer, "t"), Lines({"two"}));
}

TEST_F(SharedStore, APositionThatIsDroppedWhileAQueryLooksIsNoticed) {
    const auto writer = open("w");
    const auto reader = open("");
    EXPECT_EQ(push(*writer, "t", "one"), 204);
    EXPECT_EQ(lines(*reader, "t"), Lines({"one"}));
    const std::uint64_t journal = journal::registered_journals(bucket_)->front();
    // The reader has read the journal, and stands still before it asks for the newest snapshot.
    bool dropped = false;
    before_call_ = [&](const std::string& what, const std::string& key) {
        if (dropped || what != "list" || key != "tenants/t/catalog") {
            return;
        }
        dropped = true;
        flush(*writer);
        ASSERT_TRUE(journal::remove_journal(bucket_, journal, 1).ok());
        const auto tenant = writer->find_tenant("t");
        ASSERT_EQ(tenant->catalog().snapshot()->positions.count(journal), 1U);
        ASSERT_TRUE(tenant->catalog().forget({}, {journal}).ok());
        ASSERT_EQ(tenant->catalog().snapshot()->positions.count(journal), 0U);
    };
    EXPECT_EQ(lines(*reader, "t"), Lines({"one"}));
    EXPECT_TRUE(missing_.empty());
    EXPECT_TRUE(dropped);
}

TEST_F(SharedStore, WhatIsWrittenLeavesTheJournals) {
    const auto writer = open("w");
    EXPECT_EQ(push(*writer, "t", "one"), 204);
    bool stopped = false;
    writer->shutdown([&](const Status& status) {
        EXPECT_TRUE(status.ok()) << status;
        stopped = true;
    });
    executor_.run_until_idle();
    ASSERT_TRUE(stopped);
    // The last journal is left to who takes over.
    EXPECT_EQ(bucket_.list("registry")->size(), 1U);
    EXPECT_EQ(lines(*open(""), "t"), Lines({"one"}));
}

TEST_F(SharedStore, WhatIsWrittenLeavesTheJournalsAfterAWhile) {
    const auto writer = open("w");
    EXPECT_EQ(push(*writer, "t", "one"), 204);
    clock_.advance(Duration::minutes(31));
    executor_.run_until_idle();  // the journal is too old by now
    clock_.advance(Duration::minutes(1));
    executor_.run_until_idle();
    EXPECT_TRUE(bucket_.list("journals")->empty());
    EXPECT_TRUE(bucket_.list("registry")->empty());
    EXPECT_EQ(lines(*open(""), "t"), Lines({"one"}));
}

}  // namespace
}  // namespace logi::ingest
