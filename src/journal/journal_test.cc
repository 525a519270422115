#include "journal/journal.h"

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/crc32c.h"
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
            {.dir = "j", .file_bytes_max = kPreambleBytes + 200},
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
    (*bytes)[kPreambleBytes] ^= 1;
    ASSERT_TRUE(world.files.remove(path).ok());
    auto file = world.files.create(path);
    ASSERT_TRUE((*file)->append(*bytes).ok());
    ASSERT_TRUE((*file)->sync().ok());
    world.open();
    EXPECT_EQ(world.replayed, (std::vector<std::string>{"after"}));
}

class DamagedJournal : public ::testing::Test {
  protected:
    void SetUp() override {
        RecordId last;
        auto journal = world_.open();
        for (int i = 0; i < 20; ++i) {
            payloads_.push_back(absl::StrCat("payload-", i, "-", std::string(30, 'p')));
            journal->append(payloads_.back(), [&](StatusOr<RecordId> id) { last = *id; });
            world_.executor.run_until_idle();
        }
        path_ = "j/" + file_name(last.journal);
        const auto file = *world_.files.open(path_);
        bytes_ = *file->read(0, file->size());
    }

    void write(const std::string& bytes) {
        ASSERT_TRUE(world_.files.remove(path_).ok());
        auto file = world_.files.create(path_);
        ASSERT_TRUE(file.ok());
        ASSERT_TRUE((*file)->append(bytes).ok());
        ASSERT_TRUE((*file)->sync().ok());
        world_.open();
    }
    // What inspection says; kOk when it finds nothing.
    Status inspect() {
        std::string text;
        return dump(world_.files, path_, text);
    }

    World world_{6};
    std::vector<std::string> payloads_;
    std::string path_;
    std::string bytes_;
};

TEST_F(DamagedJournal, EitherCopyOfTheHeaderIsEnough) {
    for (const std::size_t page : {std::size_t{0}, kHeaderCopyOffset}) {
        std::string damaged = bytes_;
        damaged.replace(page, kFileHeaderBytes, kFileHeaderBytes, '\0');
        write(damaged);
        EXPECT_EQ(world_.replayed, payloads_);
        EXPECT_EQ(inspect().code(), absl::StatusCode::kDataLoss);
        EXPECT_NE(std::string(inspect().message()).find(absl::StrCat("offset ", page)),
                  std::string::npos)
            << inspect();
    }
}

// One flipped byte costs the record it is in, nothing else, and is always noticed.
TEST_F(DamagedJournal, EveryFlippedByte) {
    for (std::size_t at = 0; at < bytes_.size(); at += at < kPreambleBytes ? 97 : 1) {
        std::string damaged = bytes_;
        damaged[at] = static_cast<char>(damaged[at] ^ 0x41);
        write(damaged);
        std::vector<std::string> expected = payloads_;
        const std::size_t record_bytes = kRecordHeaderBytes + payloads_[0].size();
        if (at >= kPreambleBytes) {
            std::size_t begin = kPreambleBytes;
            for (std::size_t i = 0; i < payloads_.size(); ++i) {
                const std::size_t end = begin + kRecordHeaderBytes + payloads_[i].size();
                if (at >= begin && at < end) {
                    expected.erase(expected.begin() + static_cast<std::ptrdiff_t>(i));
                }
                begin = end;
            }
        }
        ASSERT_EQ(world_.replayed, expected) << at;
        // Of the last record it cannot be told that it was promised.
        if (at < bytes_.size() - record_bytes - 1) {
            ASSERT_EQ(inspect().code(), absl::StatusCode::kDataLoss) << at;
        }
    }
}

TEST_F(DamagedJournal, EveryTruncation) {
    for (std::size_t size = 0; size < bytes_.size(); size += size < kPreambleBytes ? 97 : 1) {
        write(bytes_.substr(0, size));
        ASSERT_LE(world_.replayed.size(), payloads_.size());
        ASSERT_TRUE(std::equal(world_.replayed.begin(), world_.replayed.end(), payloads_.begin()))
            << size;
        const Status status = inspect();
        ASSERT_EQ(status.ok(), size >= kFileHeaderBytes) << size << status;
    }
}

TEST_F(DamagedJournal, RandomRubbishIsSurvived) {
    io::SeededRandom random(1);
    for (int turn = 0; turn < 300; ++turn) {
        std::string damaged = bytes_;
        for (std::uint64_t n = random.below(20) + 1; n > 0; --n) {
            const std::size_t at = random.below(damaged.size());
            const std::size_t length = std::min(damaged.size() - at, random.below(200) + 1);
            for (std::size_t i = at; i < at + length; ++i) {
                damaged[i] = static_cast<char>(random.next_u64());
            }
        }
        write(damaged);
        for (const auto& payload : world_.replayed) {
            ASSERT_NE(std::find(payloads_.begin(), payloads_.end(), payload), payloads_.end());
        }
        (void)inspect();
    }
}

// Written before there was a second header.
TEST_F(DamagedJournal, FormatOneIsRead) {
    std::string old = bytes_.substr(0, kFileHeaderBytes - 4);
    old[kFileMagic.size()] = 1;
    base::ByteWriter(old).u32(base::crc32c(old));
    write(old + bytes_.substr(kPreambleBytes));
    EXPECT_EQ(world_.replayed, payloads_);
    EXPECT_TRUE(inspect().ok()) << inspect();
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
    bytes[kPreambleBytes + kRecordHeaderBytes + sizes[0] + kRecordHeaderBytes + 5] = 'x';
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
