// Ranges through the cache, compared with the bucket's bytes; requests are counted.
#include "bucket/range_cache.h"

#include "absl/strings/str_cat.h"
#include "bucket/memory_bucket.h"
#include "io/executor.h"
#include "io/random.h"
#include "io/sim_file_system.h"

#include <gtest/gtest.h>

#include <atomic>

namespace logi::bucket {
namespace {

constexpr std::uint64_t kChunk = RangeCache::kChunkBytes;

class StandingClock final : public io::Clock {
  public:
    [[nodiscard]] Timestamp now() const override { return {1'000'000'000'000}; }
};

// Counts, and fails on demand.
class CountingBucket final : public Bucket {
  public:
    Status put(const std::string& key, std::string_view data) override {
        return objects.put(key, data);
    }
    Status put_if_absent(const std::string& key, std::string_view data) override {
        return objects.put_if_absent(key, data);
    }
    StatusOr<std::string> get(const std::string& key) override { return objects.get(key); }
    StatusOr<std::string> get_range(const std::string& key,
                                    std::uint64_t offset,
                                    std::uint64_t length) override {
        ++requests;
        bytes += length;
        if (failures > 0) {
            --failures;
            return absl::UnavailableError("lost");
        }
        return objects.get_range(key, offset, length);
    }
    StatusOr<std::uint64_t> size(const std::string& key) override { return objects.size(key); }
    StatusOr<std::vector<ObjectInfo>> list(const std::string& prefix) override {
        return objects.list(prefix);
    }
    StatusOr<std::vector<std::string>> list_folders(const std::string& prefix) override {
        return objects.list_folders(prefix);
    }
    Status remove(const std::string& key) override { return objects.remove(key); }

    MemoryBucket objects;
    std::atomic<int> requests{0};
    std::atomic<std::uint64_t> bytes{0};
    std::atomic<int> failures{0};
};

// An executor that a test steps, and still has when the cache owns what posts to it.
class Ahead final : public io::Executor {
  public:
    explicit Ahead(std::vector<io::Task>& tasks) : tasks_(tasks) {}
    void post(io::Task task) override { tasks_.push_back(std::move(task)); }
    void post_long(io::Task task) override { tasks_.push_back(std::move(task)); }
    void post_after(Duration /*delay*/, io::Task task) override {
        tasks_.push_back(std::move(task));
    }
    [[nodiscard]] std::size_t parallelism() const override { return 1; }

  private:
    std::vector<io::Task>& tasks_;
};

std::string random_bytes(std::uint64_t size, std::uint64_t seed) {
    io::SeededRandom random(seed);
    std::string bytes(size, '\0');
    for (std::size_t i = 0; i < bytes.size(); i += 8) {
        const std::uint64_t value = random.next_u64();
        bytes.replace(i,
                      std::min<std::size_t>(8, bytes.size() - i),
                      reinterpret_cast<const char*>(&value),
                      std::min<std::size_t>(8, bytes.size() - i));
    }
    return bytes;
}

class RangeCacheTest : public ::testing::Test {
  protected:
    void put(const std::string& key, std::uint64_t size) {
        contents_[key] = random_bytes(size, size);
        ASSERT_TRUE(bucket_.put(key, contents_[key]).ok());
    }
    void open(bool disk, std::uint64_t memory = 64 << 20U, std::uint64_t ahead = 32 << 20U) {
        cache_.reset();
        tasks_.clear();
        files_.kill();  // its lock goes with the process
        std::unique_ptr<RangeStore> store;
        if (disk) {
            auto opened =
                RangeStore::open(files_, clock_, metrics_, {"ranges", 4 << 20U, 512U << 10U});
            ASSERT_TRUE(opened.ok()) << opened.status();
            store = *std::move(opened);
        }
        cache_ = std::make_unique<RangeCache>(bucket_,
                                              std::move(store),
                                              std::make_unique<Ahead>(tasks_),
                                              metrics_,
                                              RangeCache::Options{memory, ahead, "s3://test"});
        objects_.clear();
        for (const auto& [key, bytes] : contents_) {
            objects_[key] = cache_->object(key, bytes.size());
        }
    }
    void expect(const std::string& key,
                std::uint64_t offset,
                std::uint64_t length,
                ByteRange around = {}) {
        const auto read = cache_->read(*objects_.at(key), {offset, length}, around);
        ASSERT_TRUE(read.ok()) << read.status();
        ASSERT_EQ(*read, contents_.at(key).substr(offset, length)) << offset << "+" << length;
    }
    void run_tasks() {
        for (auto& task : std::exchange(tasks_, {})) {
            task();
        }
    }
    // Requests since the last call.
    int requests() { return bucket_.requests.exchange(0); }

    StandingClock clock_;
    base::Registry metrics_;
    CountingBucket bucket_;
    io::SimFileSystem files_{1};
    std::map<std::string, std::string> contents_;
    std::vector<io::Task> tasks_;
    std::unique_ptr<RangeCache> cache_;
    std::map<std::string, std::shared_ptr<const RangeCache::Object>> objects_;
};

TEST_F(RangeCacheTest, WhatIsNearIsOneRequest) {
    put("a", 10 * kChunk + 1000);
    open(false);
    expect("a", 3 * kChunk + 10, 20);
    EXPECT_EQ(requests(), 1);
    EXPECT_EQ(bucket_.bytes, kChunk);
    expect("a", 3 * kChunk + 1000, kChunk - 1000);
    EXPECT_EQ(requests(), 0) << "it is in memory";
    expect("a", 5 * kChunk, 100, {4 * kChunk, 3 * kChunk});
    EXPECT_EQ(requests(), 1);
    expect("a", 4 * kChunk + 7, 3 * kChunk - 7);
    EXPECT_EQ(requests(), 0);
    expect("a", 0, 10 * kChunk + 1000);
    EXPECT_EQ(requests(), 2) << "before and behind what is there";
    expect("a", 10 * kChunk + 999, 1);
    expect("a", 10 * kChunk + 1000, 0);
    EXPECT_EQ(requests(), 0);
}

TEST_F(RangeCacheTest, ARangeBehindTheEndIsDataLoss) {
    put("a", 5000);
    open(true);
    EXPECT_EQ(cache_->read(*objects_["a"], {4000, 1001}).status().code(),
              absl::StatusCode::kDataLoss);
    EXPECT_EQ(cache_->read(*objects_["a"], {UINT64_MAX - 5, 10}).status().code(),
              absl::StatusCode::kDataLoss);
    EXPECT_EQ(cache_->read(*cache_->object("none", 10), {0, 10}).status().code(),
              absl::StatusCode::kNotFound);
    // An object that is smaller than somebody believed.
    EXPECT_FALSE(cache_->read(*cache_->object("a", 6000), {5500, 10}).ok());
    expect("a", 4000, 1000);
}

TEST_F(RangeCacheTest, FailuresAreNotKept) {
    put("a", 5 * kChunk);
    open(true);
    bucket_.failures = 1;
    EXPECT_TRUE(absl::IsUnavailable(cache_->read(*objects_["a"], {0, 10}).status()));
    expect("a", 0, 10);
    bucket_.failures = 1;
    cache_->read_ahead(objects_["a"], {kChunk, kChunk});
    run_tasks();
    expect("a", kChunk, 10);
}

TEST_F(RangeCacheTest, ReadsAheadInFewRequests) {
    put("a", 40 * kChunk);
    open(false);
    cache_->read_ahead(objects_["a"], {kChunk, 20 * kChunk});
    cache_->read_ahead(objects_["a"], {kChunk, 21 * kChunk});
    EXPECT_EQ(requests(), 0);
    run_tasks();
    EXPECT_EQ(requests(), 3);
    expect("a", kChunk, 21 * kChunk);
    EXPECT_EQ(requests(), 0);
    // Who needs it before its turn comes gets it, once.
    cache_->read_ahead(objects_["a"], {30 * kChunk, 4 * kChunk});
    expect("a", 31 * kChunk, 10);
    EXPECT_EQ(requests(), 1);
    run_tasks();
    EXPECT_EQ(requests(), 0);
    expect("a", 30 * kChunk, 4 * kChunk);
    EXPECT_EQ(requests(), 0);
}

TEST_F(RangeCacheTest, ReadingAheadIsBounded) {
    put("a", 64 * kChunk);
    open(false, 64 << 20U, 20 * kChunk);
    cache_->read_ahead(objects_["a"], {0, 64 * kChunk});
    EXPECT_EQ(tasks_.size(), 1U);
    run_tasks();
    EXPECT_EQ(bucket_.bytes, 16 * kChunk);
    cache_->read_ahead(objects_["a"], {0, 64 * kChunk});
    EXPECT_EQ(tasks_.size(), 1U) << "there is room again";
}

TEST_F(RangeCacheTest, MemoryIsBounded) {
    put("a", 64 * kChunk);
    open(false, 10 * kChunk);
    expect("a", 0, 64 * kChunk);
    requests();
    for (std::uint64_t n = 64; n-- > 0;) {
        expect("a", n * kChunk, 10);
        EXPECT_EQ(requests(), n >= 54 ? 0 : 1) << n;
    }
}

TEST_F(RangeCacheTest, TheDiskOutlivesTheProcess) {
    put("a", 10 * kChunk + 5);
    open(true);
    expect("a", 0, 10 * kChunk + 5);
    EXPECT_EQ(requests(), 1);
    open(true);
    expect("a", 7, 10 * kChunk - 7);
    expect("a", 10 * kChunk, 5);
    EXPECT_EQ(requests(), 0);
    // An object of another size under that name is another one.
    contents_["a"] = random_bytes(10 * kChunk + 6, 99);
    ASSERT_TRUE(bucket_.put("a", contents_["a"]).ok());
    open(true);
    expect("a", 0, 100);
    EXPECT_EQ(requests(), 1);
}

TEST_F(RangeCacheTest, RandomReadsGiveTheBucketsBytes) {
    io::SeededRandom random(5);
    for (int i = 0; i < 8; ++i) {
        put(absl::StrCat("object", i), 1 + random.below(12 * kChunk));
    }
    for (int round = 0; round < 30; ++round) {
        open(round % 3 != 0, kChunk * (1 + random.below(40)), kChunk * random.below(40));
        for (int step = 0; step < 200; ++step) {
            const std::string key = absl::StrCat("object", random.below(8));
            const std::uint64_t size = contents_[key].size();
            const std::uint64_t offset = random.below(size);
            const std::uint64_t length = random.below(
                std::min<std::uint64_t>(size - offset, random.below(2) == 0 ? 500 : 4 * kChunk) +
                1);
            switch (random.below(5)) {
                case 0:
                    cache_->read_ahead(objects_[key], {offset, length});
                    break;
                case 1:
                    run_tasks();
                    break;
                case 2: {
                    bucket_.failures = static_cast<int>(random.below(2));
                    const auto read = cache_->read(*objects_[key], {offset, length});
                    if (read.ok()) {
                        ASSERT_EQ(*read, contents_[key].substr(offset, length));
                    }
                    bucket_.failures = 0;
                    break;
                }
                default: {
                    const std::uint64_t begin = random.below(offset + 1);
                    ASSERT_NO_FATAL_FAILURE(
                        expect(key, offset, length, {begin, random.below(8 * kChunk)}));
                }
            }
        }
    }
}

TEST_F(RangeCacheTest, ThreadsThatWantOneRangeAskOnce) {
    put("a", 16 * kChunk);
    for (int round = 0; round < 20; ++round) {
        cache_ = std::make_unique<RangeCache>(
            bucket_, nullptr, std::make_unique<io::ThreadPool>(3), metrics_, RangeCache::Options{});
        objects_["a"] = cache_->object("a", contents_["a"].size());
        io::ThreadPool pool(4);
        io::wait_for(pool, [&](const io::Task& done) {
            io::for_each_async(
                pool,
                12,
                [this](std::size_t i) {
                    if (i % 3 == 0) {
                        cache_->read_ahead(objects_["a"], {0, 16 * kChunk});
                    } else {
                        expect("a", i * kChunk, 2 * kChunk, {0, 16 * kChunk});
                    }
                },
                done);
        });
        EXPECT_EQ(requests(), 1);
    }
}

TEST_F(RangeCacheTest, EndsWhileItReadsAhead) {
    put("a", 64 * kChunk);
    for (int round = 0; round < 20; ++round) {
        cache_ = std::make_unique<RangeCache>(
            bucket_, nullptr, std::make_unique<io::ThreadPool>(2), metrics_, RangeCache::Options{});
        const auto object = cache_->object("a", contents_["a"].size());
        cache_->read_ahead(object, {0, 64 * kChunk});
        cache_.reset();
    }
}

}  // namespace
}  // namespace logi::bucket
