// Chunks in files: found again, bounded, and never wrong, whatever happened to the files.
#include "bucket/range_store.h"

#include "absl/strings/str_cat.h"
#include "io/executor.h"
#include "io/random.h"
#include "io/sim_file_system.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>

namespace logi::bucket {
namespace {

class SetClock final : public io::Clock {
  public:
    [[nodiscard]] Timestamp now() const override { return time; }
    Timestamp time{1'000'000'000'000};
};

// What the chunk of an object has.
std::string content(const std::string& name, std::uint64_t number, std::size_t size) {
    std::string bytes;
    while (bytes.size() < size) {
        absl::StrAppend(&bytes, name, " ", number, " ", bytes.size(), "\n");
    }
    bytes.resize(size);
    return bytes;
}

class RangeStoreTest : public ::testing::Test {
  protected:
    void SetUp() override {
        dir_ = (std::filesystem::temp_directory_path() /
                absl::StrCat("logi_ranges_", ::getpid(), "_", counter_++))
                   .string();
    }
    void TearDown() override {
        store_.reset();
        std::filesystem::remove_all(dir_);
    }
    void open(std::uint64_t bytes_max = 2 << 20U, std::uint64_t file_bytes = 256U << 10U) {
        store_.reset();
        auto store = RangeStore::open(*files_, clock_, metrics_, {dir_, bytes_max, file_bytes});
        ASSERT_TRUE(store.ok()) << store.status();
        store_ = *std::move(store);
    }
    void add(const std::string& name, std::uint64_t number, std::size_t size = 10'000) {
        store_->add(name, number, content(name, number, size));
    }
    // Whether it is there; what is there is right.
    bool found(const std::string& name, std::uint64_t number, std::size_t size = 10'000) {
        const auto bytes = store_->find(name, number);
        if (bytes.has_value()) {
            EXPECT_EQ(*bytes, content(name, number, size)) << name << " " << number;
        }
        return bytes.has_value();
    }
    [[nodiscard]] std::vector<std::filesystem::path> files() const {
        std::vector<std::filesystem::path> paths;
        for (const auto& entry : std::filesystem::directory_iterator(dir_)) {
            if (entry.path().extension() == ".ranges") {
                paths.push_back(entry.path());
            }
        }
        std::sort(paths.begin(), paths.end());
        return paths;
    }
    [[nodiscard]] std::uint64_t disk_bytes() const {
        std::uint64_t bytes = 0;
        for (const auto& path : files()) {
            bytes += std::filesystem::file_size(path);
        }
        return bytes;
    }
    [[nodiscard]] double counted(const std::string& name) {
        return metrics_.counter(name, "").value();
    }

    static inline std::atomic<int> counter_{0};
    std::string dir_;
    SetClock clock_;
    base::Registry metrics_;
    std::unique_ptr<io::FileSystem> files_ = io::make_posix_file_system();
    std::unique_ptr<RangeStore> store_;
};

TEST_F(RangeStoreTest, FindsWhatWasAddedAlsoAfterARestart) {
    open();
    for (std::uint64_t i = 0; i < 50; ++i) {
        add("a", i);
        add("b", i, 100 + i);
    }
    for (int round = 0; round < 2; ++round) {
        for (std::uint64_t i = 0; i < 50; ++i) {
            EXPECT_TRUE(found("a", i));
            EXPECT_TRUE(found("b", i, 100 + i));
            EXPECT_TRUE(store_->has("a", i));
        }
        EXPECT_FALSE(found("a", 50));
        EXPECT_FALSE(found("c", 1));
        open();
        EXPECT_EQ(store_->bytes(), disk_bytes());
    }
}

TEST_F(RangeStoreTest, AProcessThatWasKilledLeavesWhatItWrote) {
    open();
    for (std::uint64_t i = 0; i < 60; ++i) {
        add("a", i);
    }
    const std::string copy = dir_ + "_copy";
    std::filesystem::copy(dir_, copy);
    std::filesystem::resize_file(std::filesystem::path(copy) / files().back().filename(),
                                 std::filesystem::file_size(files().back()) - 5);
    store_.reset();
    std::filesystem::remove_all(dir_);
    std::filesystem::rename(copy, dir_);
    open();
    for (std::uint64_t i = 0; i + 1 < 60; ++i) {
        EXPECT_TRUE(found("a", i)) << i;
    }
    EXPECT_FALSE(found("a", 59)) << "its record is torn";
    EXPECT_EQ(counted("logi_cache_damaged_files_total"), 0);
    add("a", 59);
    EXPECT_TRUE(found("a", 59));
}

TEST_F(RangeStoreTest, StaysWithinItsBoundAndKeepsWhatIsUsed) {
    open(2 << 20U, 200'000);
    add("a", 3);
    for (std::uint64_t i = 0; i < 1000; ++i) {
        add("a", i);
        ASSERT_LE(disk_bytes(), 2U << 20U);
        ASSERT_EQ(disk_bytes(), store_->bytes());
        ASSERT_TRUE(found("a", 3)) << "asked for again and again, after " << i;
    }
    int kept = 0;
    for (std::uint64_t i = 0; i < 1000; ++i) {
        kept += found("a", i) ? 1 : 0;
    }
    EXPECT_GT(kept, 100);
    EXPECT_GT(counted("logi_cache_evicted_bytes_total"), 7'000'000);
    EXPECT_EQ(counted("logi_cache_damaged_files_total"), 0);
    open(2 << 20U, 200'000);
    EXPECT_TRUE(found("a", 999));
    open(2 << 20U, 200'000);
    open(RangeStore::kChunkBytesMax * 2, 200'000);
    EXPECT_LE(disk_bytes(), RangeStore::kChunkBytesMax * 2);
}

TEST_F(RangeStoreTest, ADamagedFileIsRemovedAndNothingWrongIsGiven) {
    io::SeededRandom random(3);
    for (int round = 0; round < 80; ++round) {
        std::filesystem::remove_all(dir_);
        open();
        for (std::uint64_t i = 0; i < 40; ++i) {
            add(i % 2 == 0 ? "a" : "b", i, 3000);
        }
        const bool running = random.below(2) == 0;
        if (!running) {
            store_.reset();
        }
        for (const auto& path : files()) {
            std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
            const std::uint64_t size = std::filesystem::file_size(path);
            switch (random.below(3)) {
                case 0:
                    for (int i = 0; i < 5; ++i) {
                        file.seekp(static_cast<std::streamoff>(random.below(size)));
                        file.put(static_cast<char>(random.below(256)));
                    }
                    break;
                case 1:
                    std::filesystem::resize_file(path, random.below(size));
                    break;
                default:
                    // An index that says anything.
                    file.seekp(static_cast<std::streamoff>(size - 16 - random.below(100)));
                    file.put(static_cast<char>(random.below(256)));
            }
        }
        if (!running) {
            open();
        }
        for (std::uint64_t i = 0; i < 40; ++i) {
            found("a", i, 3000);
            found("b", i, 3000);
            add("a", i + 40, 3000);
        }
        clock_.time = clock_.time + RangeStore::kPauseAfterFailure;
        add("c", 1);
        EXPECT_TRUE(found("c", 1));
    }
    EXPECT_GT(counted("logi_cache_damaged_files_total"), 20);
}

TEST_F(RangeStoreTest, FilesOfOthersAreLeftAndHostileOnesGo) {
    std::filesystem::create_directories(dir_);
    std::ofstream(dir_ + "/notes.txt") << "mine";
    std::ofstream(dir_ + "/1.ranges") << "no number of ours";
    std::ofstream(dir_ + "/00000000000000000007.ranges") << std::string(5000, 'x');
    std::ofstream(dir_ + "/00000000000000000008.ranges") << "LRNG" << std::string(5000, '\xff');
    open();
    EXPECT_EQ(counted("logi_cache_damaged_files_total"), 2);
    EXPECT_TRUE(std::filesystem::exists(dir_ + "/notes.txt"));
    EXPECT_TRUE(std::filesystem::exists(dir_ + "/1.ranges"));
    EXPECT_EQ(store_->bytes(), 0U);
    add("a", 1);
    EXPECT_TRUE(found("a", 1));
    store_->add(std::string(RangeStore::kNameBytesMax + 1, 'n'), 1, "x");
    store_->add("a", 2, std::string(RangeStore::kChunkBytesMax + 1, 'x'));
    EXPECT_FALSE(store_->has("a", 2));
}

TEST_F(RangeStoreTest, OneProcessHasAFolder) {
    open();
    const auto second = RangeStore::open(*files_, clock_, metrics_, {dir_, 2 << 20U, 200'000});
    EXPECT_EQ(second.status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(RangeStoreTest, ADiskThatTakesNothingIsLeftAloneForAWhile) {
    io::SimFileSystem disk(1);
    auto store = RangeStore::open(disk, clock_, metrics_, {"ranges", 2 << 20U, 200'000});
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
    add("a", 1);
    EXPECT_TRUE(found("a", 1));
    disk.set_faults({.disk_full_after_bytes = 0});
    add("a", 2);
    EXPECT_FALSE(found("a", 2));
    disk.set_faults({});
    add("a", 3);
    EXPECT_FALSE(found("a", 3));
    EXPECT_EQ(counted("logi_cache_write_failures_total"), 1);
    clock_.time = clock_.time + RangeStore::kPauseAfterFailure;
    add("a", 4);
    EXPECT_TRUE(found("a", 4));
    store_.reset();  // before the disk
}

TEST_F(RangeStoreTest, ManyThreads) {
    open(2 << 20U, 200'000);
    io::ThreadPool pool(4);
    io::wait_for(pool, [&](const io::Task& done) {
        io::for_each_async(
            pool,
            8,
            [this](std::size_t task) {
                io::SeededRandom random(task);
                for (int i = 0; i < 500; ++i) {
                    const std::uint64_t number = random.below(400);
                    if (!found("a", number)) {
                        add("a", number);
                    }
                }
            },
            done);
    });
    EXPECT_LE(disk_bytes(), 2U << 20U);
    EXPECT_EQ(disk_bytes(), store_->bytes());
    EXPECT_EQ(counted("logi_cache_damaged_files_total"), 0);
}

}  // namespace
}  // namespace logi::bucket
