#include "bucket/bucket.h"

#include "bucket/contract.h"
#include "bucket/counted_bucket.h"
#include "bucket/directory_bucket.h"
#include "bucket/memory_bucket.h"
#include "io/sim_file_system.h"

#include <gtest/gtest.h>

namespace logi::bucket {
namespace {

TEST(MemoryBucket, KeepsTheContract) {
    MemoryBucket bucket;
    check_contract(bucket);
}

TEST(DirectoryBucket, KeepsTheContract) {
    io::SimFileSystem files(1);
    io::SeededRandom random(1);
    auto bucket = DirectoryBucket::open(files, random, "root");
    ASSERT_TRUE(bucket.ok()) << bucket.status();
    check_contract(**bucket);
}

TEST(CountedBucket, KeepsTheContractAndCountsReads) {
    base::Registry metrics;
    const auto count = [&](const std::string& name, const std::string& operation) {
        return metrics.counter(name, "", {{"operation", operation}}).value();
    };
    const io::SystemClock clock;
    CountedBucket bucket(std::make_unique<MemoryBucket>(), clock, metrics);
    check_contract(bucket);
    EXPECT_EQ(count("logi_bucket_reads_total", "get"), 3);
    EXPECT_EQ(count("logi_bucket_read_bytes_total", "get"), 3);
    EXPECT_EQ(count("logi_bucket_reads_total", "get_range"), 2);
    EXPECT_EQ(count("logi_bucket_read_bytes_total", "get_range"), 3);
    EXPECT_EQ(count("logi_bucket_reads_total", "size"), 2);
    EXPECT_EQ(count("logi_bucket_reads_total", "list"), 4);
    EXPECT_NE(metrics.render().find("logi_bucket_read_bytes_total{operation=\"get_range\"} 3"),
              std::string::npos);
}

// Cuts at every operation: an object that was reported as put is there, whole; no other is torn.
TEST(DirectoryBucket, CrashAtEveryOperationLeavesWholeObjects) {
    for (std::uint64_t at = 1; at < 120; ++at) {
        io::SimFileSystem files(at);
        io::SeededRandom random(at);
        files.crash_at_operation(at);
        std::map<std::string, std::string> known;
        const std::string value(100, 'v');
        if (auto bucket = DirectoryBucket::open(files, random, "root"); bucket.ok()) {
            for (int i = 0; i < 8; ++i) {
                const std::string key = "k/" + std::to_string(i % 4);
                const Status status = (*bucket)->put_if_absent(key, value + std::to_string(i));
                if (status.ok()) {
                    known[key] = value + std::to_string(i);
                } else if (status.code() == absl::StatusCode::kAlreadyExists) {
                    known[key] = *(*bucket)->get(key);
                }
            }
        }
        files.crash();
        auto bucket = DirectoryBucket::open(files, random, "root");
        ASSERT_TRUE(bucket.ok()) << at << " " << bucket.status();
        for (const auto& [key, bytes] : known) {
            const auto found = (*bucket)->get(key);
            ASSERT_TRUE(found.ok()) << at << " " << key;
            EXPECT_EQ(*found, bytes);
        }
        const auto all = (*bucket)->list("k");
        ASSERT_TRUE(all.ok());
        for (const auto& object : *all) {
            EXPECT_EQ(object.size, 101U);
        }
    }
}

TEST(DirectoryBucket, FailedFolderSyncStopsWrites) {
    io::SimFileSystem files(1);
    io::SeededRandom random(1);
    auto bucket = DirectoryBucket::open(files, random, "root");
    ASSERT_TRUE(bucket.ok());
    ASSERT_TRUE((*bucket)->put("a/b", "x").ok());
    files.set_faults({.sync_error = 1});
    EXPECT_EQ((*bucket)->remove("a/b").code(), absl::StatusCode::kUnavailable);
    files.set_faults({});
    EXPECT_EQ((*bucket)->put_if_absent("a/c", "x").code(), absl::StatusCode::kUnavailable);
}

TEST(KeyPart, EscapesAndComesBack) {
    for (const std::string text : {"plain", "a/../b", "..", "", "%41", "a.b c\xff"}) {
        const std::string part = escape_key_part(text);
        EXPECT_EQ(part.find_first_of("/ "), std::string::npos);
        EXPECT_FALSE(part.starts_with('.')) << part;
        EXPECT_EQ(*unescape_key_part(part), text);
    }
    // What a tenant may be named fits a file's name.
    EXPECT_LT(escape_key_part(std::string(150, '.')).size(), 255U);
    EXPECT_EQ(escape_key_part("!-_.*'()"), "!-_.*'()");
    EXPECT_FALSE(unescape_key_part("a%4").ok());
    EXPECT_FALSE(unescape_key_part("%zz").ok());
}

}  // namespace
}  // namespace logi::bucket
