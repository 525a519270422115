#include "journal/journal.h"

#include "absl/strings/str_cat.h"
#include "io/sim_executor.h"
#include "io/sim_file_system.h"
#include "journal/inspect.h"

#include <gtest/gtest.h>

namespace logi::journal {
namespace {

struct World {
    explicit World(std::uint64_t seed) : executor(seed, clock), files(seed), random(seed) {}

    // Opens a journal; what it replays goes to `replayed`.
    std::unique_ptr<LocalJournal> open(std::uint64_t file_bytes_max = 1ULL << 20U) {
        replayed.clear();
        auto journal = LocalJournal::open({executor, files, clock, random, metrics},
                                          {.dir = "j", .file_bytes_max = file_bytes_max},
                                          [this](RecordId, std::string_view payload) {
                                              replayed.emplace_back(payload);
                                              return absl::OkStatus();
                                          },
                                          {[this](std::uint64_t id, std::uint64_t) {
                                              closed.push_back(id);
                                          }});
        EXPECT_TRUE(journal.ok()) << journal.status();
        return *std::move(journal);
    }

    io::SimClock clock{Timestamp{1'700'000'000'000'000'000}};
    io::SimExecutor executor;
    io::SimFileSystem files;
    io::SeededRandom random;
    base::Registry metrics;
    std::vector<std::string> replayed;
    std::vector<std::uint64_t> closed;
};

TEST(Journal, ReplaysInOrderWhatWasAcknowledged) {
    World world(1);
    std::vector<RecordId> ids;
    {
        auto journal = world.open();
        for (int i = 0; i < 10; ++i) {
            journal->append(absl::StrCat("record ", i), [&](StatusOr<RecordId> id) {
                ASSERT_TRUE(id.ok());
                ids.push_back(*id);
            });
            if (i % 3 == 0) {
                world.executor.run_until_idle();
            }
        }
        world.executor.run_until_idle();
    }
    ASSERT_EQ(ids.size(), 10U);
    for (std::size_t i = 0; i < ids.size(); ++i) {
        EXPECT_EQ(ids[i].position, i + 1);
    }
    world.files.crash();
    auto journal = world.open();
    ASSERT_EQ(world.replayed.size(), 10U);
    EXPECT_EQ(world.replayed[7], "record 7");
    ASSERT_EQ(journal->recovered().size(), 1U);
    EXPECT_EQ(journal->recovered()[0].position, 10U);
}

// Crashes at every mutating operation in turn: what was acknowledged is there, in order, and what
// is there was appended.
TEST(Journal, CrashAtEveryOperationLosesNothingAcknowledged) {
    for (std::uint64_t at = 1; at < 60; ++at) {
        World world(at);
        world.files.crash_at_operation(at);
        std::vector<std::string> acknowledged;
        auto journal = LocalJournal::open(
            {world.executor, world.files, world.clock, world.random, world.metrics},
            {.dir = "j", .file_bytes_max = 200},
            [](RecordId, std::string_view) { return absl::OkStatus(); },
            {[](std::uint64_t, std::uint64_t) {
            }});
        int appended = 0;
        if (journal.ok()) {
            for (; appended < 20; ++appended) {
                const std::string text = absl::StrCat("record ", appended, std::string(30, 'x'));
                (*journal)->append(text, [&acknowledged, text](StatusOr<RecordId> id) {
                    if (id.ok()) {
                        acknowledged.push_back(text);
                    }
                });
                world.executor.run_until_idle();
            }
        }
        world.executor.drop_all();
        world.files.crash();
        auto reopened = world.open();
        std::size_t next = 0;
        for (const auto& text : world.replayed) {
            if (next < acknowledged.size() && text == acknowledged[next]) {
                ++next;
            }
        }
        EXPECT_EQ(next, acknowledged.size()) << "crash at operation " << at;
        EXPECT_LE(world.replayed.size(), static_cast<std::size_t>(appended));
    }
}

TEST(Journal, FailedSyncRefusesTheBatchAndBeginsANewFile) {
    World world(3);
    auto journal = world.open();
    std::vector<bool> outcomes;
    const auto push = [&] {
        journal->append("x", [&](StatusOr<RecordId> id) { outcomes.push_back(id.ok()); });
        world.executor.run_until_idle();
    };
    push();
    world.files.set_faults({.sync_error = 1.0});
    push();
    world.files.set_faults({});
    push();
    EXPECT_EQ(outcomes, (std::vector<bool>{true, false, true}));
    EXPECT_EQ(world.closed.size(), 1U);
    world.executor.drop_all();
    world.files.crash();
    world.open();
    EXPECT_EQ(world.replayed.size(), 2U);
}

TEST(Journal, DamageInTheMiddleIsSkippedAndReported) {
    World world(4);
    RecordId last;
    {
        auto journal = world.open();
        for (int i = 0; i < 3; ++i) {
            journal->append(absl::StrCat("payload-", i),
                            [&](StatusOr<RecordId> id) { last = *id; });
            world.executor.run_until_idle();
        }
    }
    const std::string path = "j/" + file_name(last.journal);
    auto bytes = (*world.files.open(path))->read(0, (*world.files.open(path))->size());
    ASSERT_TRUE(bytes.ok());
    (*bytes)[bytes->find("payload-1")] ^= 1;
    ASSERT_TRUE(world.files.remove(path).ok());
    auto file = world.files.create(path);
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE((*file)->append(*bytes).ok());
    ASSERT_TRUE((*file)->sync().ok());
    world.open();
    EXPECT_EQ(world.replayed, (std::vector<std::string>{"payload-0", "payload-2"}));
    std::string text;
    const Status status = dump(world.files, path, text);
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << text;
    EXPECT_NE(std::string(status.message()).find(path), std::string::npos);
}

// A pushed line that looks like a record must not become one when bytes before it are damaged.
TEST(Journal, RecordsInsideRecordsAreNotFound) {
    World world(5);
    RecordId last;
    std::string inner;
    append_record(inner, 0, 99, "forged");
    {
        auto journal = world.open();
        journal->append(inner, [&](StatusOr<RecordId> id) { last = *id; });
        world.executor.run_until_idle();
        journal->append("after", [&](StatusOr<RecordId> id) { last = *id; });
        world.executor.run_until_idle();
    }
    const std::string path = "j/" + file_name(last.journal);
    auto bytes = (*world.files.open(path))->read(0, (*world.files.open(path))->size());
    ASSERT_TRUE(bytes.ok());
    (*bytes)[kFileHeaderBytes] ^= 1;
    ASSERT_TRUE(world.files.remove(path).ok());
    auto file = world.files.create(path);
    ASSERT_TRUE((*file)->append(*bytes).ok());
    ASSERT_TRUE((*file)->sync().ok());
    world.open();
    EXPECT_EQ(world.replayed, (std::vector<std::string>{"after"}));
}

// Records around the size of what the reader holds at once, and damage over more than that.
TEST(Journal, RecordsLargerThanTheReadersWindow) {
    World world(8);
    const std::vector<std::size_t> sizes = {3U << 20U, 9U << 20U, 1, 4U << 20U, 0, 100};
    std::string path;
    {
        auto journal = world.open(1ULL << 30U);
        for (std::size_t i = 0; i < sizes.size(); ++i) {
            journal->append(std::string(sizes[i], static_cast<char>('a' + i)),
                            [&](StatusOr<RecordId> id) {
                                ASSERT_TRUE(id.ok());
                                path = "j/" + file_name(id->journal);
                            });
        }
        world.executor.run_until_idle();
    }
    {
        const auto journal = world.open();
        ASSERT_EQ(world.replayed.size(), sizes.size());
        for (std::size_t i = 0; i < sizes.size(); ++i) {
            EXPECT_EQ(world.replayed[i].size(), sizes[i]);
        }
    }
    auto bytes = *(*world.files.open(path))->read(0, (*world.files.open(path))->size());
    bytes[kFileHeaderBytes + kRecordHeaderBytes + sizes[0] + kRecordHeaderBytes + 5] = 'x';
    ASSERT_TRUE(world.files.remove(path).ok());
    ASSERT_TRUE((*world.files.create(path))->append(bytes).ok());
    const auto journal = world.open();
    ASSERT_EQ(world.replayed.size(), sizes.size() - 1);
    EXPECT_EQ(world.replayed[1], std::string(1, 'c'));
    std::string description;
    EXPECT_EQ(dump(world.files, path, description).code(), absl::StatusCode::kDataLoss);
    EXPECT_NE(description.find("damaged_bytes 9437204 torn_bytes 0"), std::string::npos)
        << description;
}

}  // namespace
}  // namespace logi::journal
