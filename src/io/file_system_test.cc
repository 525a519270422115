#include "io/file_system.h"

#include "io/sim_file_system.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace logi::io {
namespace {

std::string temp_dir() {
    std::string name = ::testing::TempDir() + "logi_files_XXXXXX";
    return ::mkdtemp(name.data());
}

// Both implementations keep the same contract.
void check_contract(FileSystem& fs, const std::string& root) {
    const std::string dir = root + "/a/b";
    ASSERT_TRUE(fs.make_dirs(dir).ok());
    auto file = fs.create(dir + "/one");
    ASSERT_TRUE(file.ok()) << file.status();
    ASSERT_TRUE((*file)->append("hello ").ok());
    ASSERT_TRUE((*file)->append("world").ok());
    ASSERT_TRUE((*file)->sync().ok());
    EXPECT_EQ(fs.create(dir + "/one").status().code(), absl::StatusCode::kAlreadyExists);
    EXPECT_TRUE(fs.link(dir + "/one", dir + "/two").ok());
    EXPECT_EQ(fs.link(dir + "/one", dir + "/two").code(), absl::StatusCode::kAlreadyExists);
    EXPECT_TRUE(fs.rename(dir + "/one", dir + "/three").ok());
    EXPECT_EQ(fs.open(dir + "/one").status().code(), absl::StatusCode::kNotFound);
    const auto opened = fs.open(dir + "/two");
    ASSERT_TRUE(opened.ok());
    EXPECT_EQ((*opened)->size(), 11U);
    EXPECT_EQ(*(*opened)->read(6, 5), "world");
    EXPECT_EQ((*opened)->read(6, 6).status().code(), absl::StatusCode::kDataLoss);
    EXPECT_EQ(*fs.list(dir), (std::vector<std::string>{"three", "two"}));
    EXPECT_EQ(*fs.list(root + "/a"), (std::vector<std::string>{"b"}));
    EXPECT_EQ(fs.list(root + "/none").status().code(), absl::StatusCode::kNotFound);
    EXPECT_TRUE(*fs.is_dir(dir));
    EXPECT_FALSE(*fs.is_dir(dir + "/two"));
    EXPECT_TRUE(fs.remove(dir + "/two").ok());
    EXPECT_EQ(fs.remove(dir + "/two").code(), absl::StatusCode::kNotFound);
    EXPECT_TRUE(fs.sync_dir(dir).ok());
    const auto lock = fs.lock(root + "/lock");
    ASSERT_TRUE(lock.ok());
    EXPECT_EQ(fs.lock(root + "/lock").status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST(PosixFileSystem, KeepsTheContract) {
    const auto fs = make_posix_file_system();
    check_contract(*fs, temp_dir());
}

TEST(SimFileSystem, KeepsTheContract) {
    SimFileSystem fs(1);
    check_contract(fs, "root");
}

TEST(SimFileSystem, CrashKeepsExactlyWhatWasSynced) {
    bool lost_name = false;
    bool lost_bytes = false;
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        SimFileSystem fs(seed);
        ASSERT_TRUE(fs.make_dirs("d").ok());
        auto safe = fs.create("d/safe");
        ASSERT_TRUE((*safe)->append("safe").ok());
        ASSERT_TRUE((*safe)->sync().ok());
        ASSERT_TRUE(fs.sync_dir("d").ok());
        ASSERT_TRUE((*safe)->append("tail").ok());
        ASSERT_TRUE(fs.create("d/unsafe").ok());
        fs.crash();
        const auto file = fs.open("d/safe");
        ASSERT_TRUE(file.ok());
        EXPECT_EQ(*(*file)->read(0, 4), "safe");
        lost_bytes |= (*file)->size() < 8;
        lost_name |= !fs.open("d/unsafe").ok();
        EXPECT_FALSE((*safe)->append("x").ok());
    }
    EXPECT_TRUE(lost_name);
    EXPECT_TRUE(lost_bytes);
}

TEST(SimFileSystem, BytesOfAFailedSyncAreReadableButLostAtACrash) {
    SimFileSystem fs(1);
    ASSERT_TRUE(fs.make_dirs("d").ok());
    auto file = fs.create("d/f");
    ASSERT_TRUE(fs.sync_dir("d").ok());
    ASSERT_TRUE((*file)->append("bytes").ok());
    fs.set_faults({.sync_error = 1});
    EXPECT_FALSE((*file)->sync().ok());
    fs.set_faults({});
    EXPECT_TRUE((*file)->sync().ok());
    EXPECT_EQ((*fs.open("d/f"))->size(), 5U);
    fs.crash();
    EXPECT_EQ((*fs.open("d/f"))->size(), 0U);
}

}  // namespace
}  // namespace logi::io
