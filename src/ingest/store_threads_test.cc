// The store on real threads and files: what simulation, which runs one task at a time, cannot show.
#include "absl/strings/str_cat.h"
#include "base/mutex.h"
#include "ingest/store.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <map>
#include <set>

namespace logi::ingest {
namespace {

constexpr int kWriters = 3;
constexpr int kReaders = 3;
constexpr int kPushesEach = 100;
constexpr std::size_t kFlushEvery = 2;

class Threads : public ::testing::Test {
  protected:
    void SetUp() override {
        StoreOptions options;
        options.data_dir = dir_;
        options.journal_file_bytes_max = 6000;
        auto store = Store::open({executor_, clock_, random_, *files_, metrics_}, options);
        ASSERT_TRUE(store.ok()) << store.status();
        store_ = *std::move(store);
    }
    void TearDown() override {
        io::wait_for(executor_, [&](const io::Task& done) {
            store_->shutdown([done](const Status& status) {
                EXPECT_TRUE(status.ok()) << status;
                done();
            });
        });
        store_.reset();
        std::filesystem::remove_all(dir_);
    }

    // Pushes one line after another, each when the one before is acknowledged.
    void write(int writer, int number, const io::Task& done) {
        if (number == kPushesEach) {
            done();
            return;
        }
        const std::string line = absl::StrCat("writer ", writer, " line ", number);
        wire::PushRequest request;
        request.buffers.push_back(std::make_unique<std::string>(line));
        wire::PushStream stream;
        stream.labels = std::vector<LabelPair>{{"app", absl::StrCat(writer)}};
        stream.entries.push_back({clock_.now(), *request.buffers.back(), {}});
        request.streams.push_back(std::move(stream));
        store_->push("t", std::move(request), [=, this](const PushOutcome& outcome) {
            ASSERT_EQ(outcome.status, 204) << outcome.message;
            std::size_t count = 0;
            {
                const base::MutexLock lock(mutex_);
                acknowledged_.insert(line);
                count = acknowledged_.size();
            }
            if (count % kFlushEvery == 0) {
                store_->flush([](const Status& status) { EXPECT_TRUE(status.ok()) << status; });
            }
            executor_.post([=, this] { write(writer, number + 1, done); });
        });
    }

    void read(const io::Task& done) {
        check();
        if (finished_) {
            done();
        } else {
            executor_.post([=, this] { read(done); });
        }
    }

    void check() {
        std::set<std::string> expected;
        {
            const base::MutexLock lock(mutex_);
            expected = acknowledged_;
        }
        std::multiset<std::string> found;
        const Pinned pinned = store_->pin("t", {Timestamp::min(), Timestamp::max()});
        EXPECT_TRUE(pinned.missing.empty());
        for (const auto& source : pinned.sources) {
            const auto all = source->select_all();
            ASSERT_TRUE(all.ok()) << all.status();
            for (std::uint32_t b = 0; b < all->blocks().size(); ++b) {
                auto block = all->open_block(b);
                ASSERT_TRUE(block.ok()) << block.status();
                for (std::uint32_t row = 0; row < (*block)->stats().rows; ++row) {
                    found.emplace(*(*block)->line(row));
                }
            }
        }
        for (const auto& line : expected) {
            ASSERT_EQ(found.count(line), 1U) << line;
        }
        for (const auto& line : found) {
            ASSERT_EQ(found.count(line), 1U) << line;
        }
        ++checks_;
    }

    const std::string dir_ = ::testing::TempDir() + "logi-store-threads";
    io::SystemClock clock_;
    io::SystemRandom random_;
    base::Registry metrics_;
    std::unique_ptr<io::FileSystem> files_ = io::make_posix_file_system();
    io::ThreadPool executor_{4};
    std::unique_ptr<Store> store_;
    base::Mutex mutex_;
    std::set<std::string> acknowledged_ LOGI_GUARDED_BY(mutex_);
    std::atomic<bool> finished_{false};
    std::atomic<int> checks_{0};
};

TEST_F(Threads, QueriesSeeEachLineOnceWhileGenerationsBecomeSegments) {
    io::wait_for(executor_, [&](const io::Task& done) {
        const auto readers = std::make_shared<std::atomic<int>>(kReaders);
        const auto writers = std::make_shared<std::atomic<int>>(kWriters);
        for (int i = 0; i < kReaders; ++i) {
            read([readers, done] {
                if (readers->fetch_sub(1) == 1) {
                    done();
                }
            });
        }
        for (int i = 0; i < kWriters; ++i) {
            write(i, 0, [this, writers] {
                if (writers->fetch_sub(1) == 1) {
                    finished_ = true;
                }
            });
        }
    });
    check();
    EXPECT_GT(checks_, 50);
    EXPECT_GT(metrics_.counter("logi_flushes_total", "").value(), 10);
    EXPECT_EQ(metrics_.counter("logi_flush_duplicates_total", "").value(), 0);
}

}  // namespace
}  // namespace logi::ingest
