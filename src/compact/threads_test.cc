// Compaction on real threads and files, beside pushes, flushes, queries and deletes.
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/mutex.h"
#include "compact/compactor.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <set>

namespace logi::compact {
namespace {

constexpr int kWriters = 2;
constexpr int kReaders = 2;
constexpr int kPushesEach = 120;
constexpr int kFlushEvery = 2;

class Threads : public ::testing::Test {
  protected:
    void SetUp() override {
        ingest::StoreOptions options;
        options.data_dir = dir_;
        options.journal_file_bytes_max = 6000;
        auto store = ingest::Store::open({executor_, clock_, random_, *files_, metrics_}, options);
        ASSERT_TRUE(store.ok()) << store.status();
        store_ = *std::move(store);
        deletes_ = std::make_unique<Deletes>(*store_, clock_, random_, Duration{});
        CompactorOptions compaction;
        compaction.interval = Duration::millis(5);
        compaction.plan.small_segments_max = 2;
        compactor_ = std::make_unique<Compactor>(
            Compactor::Deps{*store_, *deletes_, executor_, clock_, metrics_}, compaction);
        compactor_->start();
    }
    void TearDown() override {
        io::wait_for(executor_, [&](io::Task done) { compactor_->stop(std::move(done)); });
        io::wait_for(executor_, [&](const io::Task& done) {
            store_->shutdown([done](const Status& status) {
                EXPECT_TRUE(status.ok()) << status;
                done();
            });
        });
        compactor_.reset();
        store_.reset();
        std::filesystem::remove_all(dir_);
    }

    [[nodiscard]] bool has_merged_enough() {
        return metrics_.counter("logi_compactions_total", "").value() > 5;
    }

    // Pushes one line after another, each when the one before is acknowledged, and until there was
    // something to see: on a busy machine merging may come late.
    void write(int writer, int number, const io::Task& done) {
        if (number >= kPushesEach && (has_merged_enough() || number == 20 * kPushesEach)) {
            done();
            return;
        }
        const std::string line =
            absl::StrCat("writer ", writer, number % 7 == 0 ? " drop " : " keep ", number);
        wire::PushRequest request;
        request.buffers.push_back(std::make_unique<std::string>(line));
        wire::PushStream stream;
        stream.labels = std::vector<LabelPair>{{"app", absl::StrCat(writer)}};
        stream.entries.push_back({clock_.now(), *request.buffers.back(), {}});
        request.streams.push_back(std::move(stream));
        store_->push("t", std::move(request), [=, this](const ingest::PushOutcome& outcome) {
            ASSERT_EQ(outcome.status, 204) << outcome.message;
            {
                const base::MutexLock lock(mutex_);
                acknowledged_.insert(line);
            }
            if (number % kFlushEvery == 0) {
                store_->flush([](const Status& status) { EXPECT_TRUE(status.ok()) << status; });
            }
            if (number % 40 == 39) {
                remove_dropped();
            }
            executor_.post([=, this] { write(writer, number + 1, done); });
        });
    }

    void remove_dropped() {
        std::set<std::string> dropped;
        {
            const base::MutexLock lock(mutex_);
            dropped = acknowledged_;
        }
        std::erase_if(dropped, [](const auto& line) { return !absl::StrContains(line, "drop"); });
        deletes_->add("t",
                      "{app=~\".+\"} |= \"drop\"",
                      {},
                      clock_.now(),
                      [dropped, this](const StatusOr<std::string>& id) {
                          EXPECT_TRUE(id.ok()) << id.status();
                          const base::MutexLock lock(mutex_);
                          deleted_.insert(dropped.begin(), dropped.end());
                      });
    }

    void read(const io::Task& done) {
        check();
        if (finished_) {
            done();
        } else {
            executor_.post_long([=, this] { read(done); });
        }
    }

    void check() {
        std::set<std::string> expected;
        std::set<std::string> deleted;
        {
            const base::MutexLock lock(mutex_);
            expected = acknowledged_;
            deleted = deleted_;
        }
        std::multiset<std::string> found;
        const ingest::Pinned pinned = store_->pin("t", {Timestamp::min(), Timestamp::max()});
        EXPECT_TRUE(pinned.missing.empty());
        for (const auto& source : pinned.sources) {
            const auto all = source->select_all();
            ASSERT_TRUE(all.ok()) << all.status();
            std::set<std::uint32_t> blocks;
            for (const auto& extent : all->extents()) {
                blocks.insert(extent.block);
            }
            for (const std::uint32_t b : blocks) {
                auto block = all->open_block(b);
                ASSERT_TRUE(block.ok()) << block.status();
                for (std::uint32_t row = 0; row < (*block)->stats().rows; ++row) {
                    found.emplace(*(*block)->line(row));
                }
            }
        }
        for (const auto& line : expected) {
            ASSERT_TRUE(found.count(line) == 1U || absl::StrContains(line, "drop")) << line;
        }
        for (const auto& line : found) {
            ASSERT_EQ(found.count(line), 1U) << line;
            ASSERT_FALSE(deleted.contains(line)) << line << " was deleted";
        }
        ++checks_;
    }

    const std::string dir_ = ::testing::TempDir() + "logi-compact-threads";
    io::SystemClock clock_;
    io::SystemRandom random_;
    base::Registry metrics_;
    std::unique_ptr<io::FileSystem> files_ = io::make_posix_file_system();
    io::ThreadPool executor_{4};
    std::unique_ptr<ingest::Store> store_;
    std::unique_ptr<Deletes> deletes_;
    std::unique_ptr<Compactor> compactor_;
    base::Mutex mutex_;
    std::set<std::string> acknowledged_ LOGI_GUARDED_BY(mutex_);
    std::set<std::string> deleted_ LOGI_GUARDED_BY(mutex_);
    std::atomic<bool> finished_{false};
    std::atomic<int> checks_{0};
};

TEST_F(Threads, QueriesSeeEachLineOnceWhileSegmentsAreMerged) {
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
    io::wait_for(executor_, [&](io::Task done) { compactor_->run(std::move(done)); });
    check();
    EXPECT_GT(checks_, 20);
    {
        const base::MutexLock lock(mutex_);
        EXPECT_GT(deleted_.size(), 10U);
    }
    EXPECT_TRUE(has_merged_enough());
    EXPECT_EQ(metrics_.counter("logi_compaction_failures_total", "").value(), 0);
}

}  // namespace
}  // namespace logi::compact
