#include "agent/client/disk_buffer.h"

#include "io/sim_file_system.h"

#include <gtest/gtest.h>

namespace logi::agent {
namespace {

class DiskBufferTest : public testing::Test {
  protected:
    void open() {
        buffer_.reset();
        files_.kill();
        auto buffer = DiskBuffer::open(files_, random_, "/buffer");
        ASSERT_TRUE(buffer.ok()) << buffer.status();
        buffer_ = *std::move(buffer);
    }
    [[nodiscard]] std::vector<std::uint64_t> found() const {
        std::vector<std::uint64_t> numbers;
        for (const DiskBuffer::Held& held : buffer_->found()) {
            numbers.push_back(held.number);
        }
        return numbers;
    }

    io::SimFileSystem files_{7};
    io::SeededRandom random_{7};
    std::unique_ptr<DiskBuffer> buffer_;
};

TEST_F(DiskBufferTest, WhatIsPutOutlivesACrashInItsOrder) {
    open();
    for (const std::uint64_t number : {9U, 10U, 100U}) {
        ASSERT_TRUE(
            buffer_->put(number, {"tenant", number, 5, "body " + std::to_string(number)}).ok());
    }
    ASSERT_TRUE(buffer_->remove(10).ok());
    EXPECT_TRUE(buffer_->remove(10).ok());
    buffer_.reset();
    files_.crash();
    open();
    EXPECT_EQ(found().front(), 9U);
    EXPECT_EQ(found().back(), 100U);
    const auto batch = buffer_->get(100);
    ASSERT_TRUE(batch.ok()) << batch.status();
    EXPECT_EQ(batch->tenant, "tenant");
    EXPECT_EQ(batch->entries, 100U);
    EXPECT_EQ(batch->bytes, 5U);
    EXPECT_EQ(batch->body, "body 100");
}

TEST_F(DiskBufferTest, DamageIsFoundAndSetAside) {
    open();
    ASSERT_TRUE(buffer_->put(1, {"", 1, 1, "body"}).ok());
    const std::string path = "/buffer/batches/00000000000000000001";
    {
        auto file = files_.open(path);
        ASSERT_TRUE(file.ok()) << file.status();
        std::string text = (*file)->read(0, (*file)->size()).value();
        text.back() = 'X';
        ASSERT_TRUE(files_.remove(path).ok());
        auto changed = files_.create(path);
        ASSERT_TRUE(changed.ok());
        ASSERT_TRUE((*changed)->append(text).ok());
    }
    EXPECT_TRUE(absl::IsDataLoss(buffer_->get(1).status()));
    EXPECT_TRUE(buffer_->set_aside(1).ok());
    EXPECT_TRUE(absl::IsNotFound(buffer_->get(1).status()));
    open();
    EXPECT_TRUE(found().empty());
    EXPECT_TRUE(files_.open("/buffer/damaged/1").ok());
}

TEST_F(DiskBufferTest, AFolderHasOneUser) {
    open();
    EXPECT_FALSE(DiskBuffer::open(files_, random_, "/buffer").ok());
}

}  // namespace
}  // namespace logi::agent
