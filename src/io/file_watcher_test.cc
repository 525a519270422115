#include "io/file_watcher.h"

#include "base/mutex.h"
#include "io/growing_file.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

namespace logi::io {
namespace {

class FileWatcherTest : public testing::Test {
  protected:
    void SetUp() override {
        std::string name = testing::TempDir() + "watch-XXXXXX";
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        dir_ = name;
        auto watcher = FileWatcher::start(Duration::millis(1), [this](FileWatcher::Report report) {
            const base::MutexLock lock(mutex_);
            seen_.insert(report.changed.begin(), report.changed.end());
        });
        ASSERT_TRUE(watcher.ok()) << watcher.status();
        watcher_ = *std::move(watcher);
    }
    void TearDown() override {
        watcher_.reset();
        std::filesystem::remove_all(dir_);
    }
    void write(const std::string& name, const std::string& text) const {
        std::ofstream(dir_ + "/" + name, std::ios::app) << text;
    }
    bool reported(int watch) {
        for (int i = 0; i < 2000; ++i) {
            {
                const base::MutexLock lock(mutex_);
                if (seen_.erase(watch) > 0) {
                    return true;
                }
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        return false;
    }

    std::string dir_;
    base::Mutex mutex_;
    std::set<int> seen_ LOGI_GUARDED_BY(mutex_);
    std::unique_ptr<FileWatcher> watcher_;
};

TEST_F(FileWatcherTest, FilesAreFollowedUnderOtherNames) {
    write("a", "one\n");
    auto file = GrowingFile::open(dir_ + "/a");
    ASSERT_TRUE(file.ok());
    const auto watch = watcher_->watch_file((*file)->fd());
    ASSERT_TRUE(watch.ok()) << watch.status();
    write("a", "two\n");
    EXPECT_TRUE(reported(*watch));
    std::filesystem::rename(dir_ + "/a", dir_ + "/b");
    EXPECT_TRUE(reported(*watch));
    write("b", "three\n");
    EXPECT_TRUE(reported(*watch));
    std::string text(100, ' ');
    const auto n = (*file)->read(4, absl::MakeSpan(text.data(), text.size()));
    ASSERT_TRUE(n.ok());
    EXPECT_EQ(text.substr(0, *n), "two\nthree\n");
    std::filesystem::remove(dir_ + "/b");
    EXPECT_TRUE(reported(*watch));
    EXPECT_EQ((*file)->info()->names, 0U);
}

TEST_F(FileWatcherTest, FoldersTellOfNames) {
    const auto watch = watcher_->watch_dir(dir_);
    ASSERT_TRUE(watch.ok());
    write("new", "");
    EXPECT_TRUE(reported(*watch));
    EXPECT_EQ(watcher_->watch_dir(dir_ + "/absent").status().code(), absl::StatusCode::kNotFound);
    EXPECT_EQ(GrowingFile::open(dir_).status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(GrowingFile::open(dir_ + "/absent").status().code(), absl::StatusCode::kNotFound);
    EXPECT_EQ(file_info(dir_ + "/new")->bytes, 0U);
}

}  // namespace
}  // namespace logi::io
