// Reading a file in sweeps, compared with reading its bytes.
#include "segment/swept_file.h"

#include "segment/counted_file.h"
#include "segment/memory_file.h"

#include <gtest/gtest.h>

#include <random>

namespace logi::segment {
namespace {

constexpr std::uint64_t kPiece = SweptFile::kPieceBytes;

std::string random_bytes(std::uint64_t size) {
    std::mt19937_64 random(size);
    std::string bytes(size, '\0');
    for (std::size_t i = 0; i + 8 <= bytes.size(); i += 8) {
        const std::uint64_t value = random();
        bytes.replace(i, 8, reinterpret_cast<const char*>(&value), 8);
    }
    return bytes;
}

// Blocks one after another from offset 16 on, and 100 bytes behind them.
std::vector<FileRange> blocks_of(std::uint64_t size, std::uint64_t block_bytes) {
    std::vector<FileRange> blocks;
    for (std::uint64_t at = 16; at < size - 100;) {
        const std::uint64_t length = std::min(block_bytes, size - 100 - at);
        blocks.push_back({at, length});
        at += length;
    }
    return blocks;
}

struct World {
    World(std::uint64_t size, std::uint64_t block_bytes)
        : bytes(random_bytes(size)),
          file(std::make_shared<CountedFile>(bytes)),
          budget(std::make_shared<SweepBudget>()),
          swept(std::make_unique<SweptFile>(file, budget)),
          blocks(blocks_of(size, block_bytes)) {}

    void expect(std::uint64_t offset, std::uint64_t length) const {
        const auto read = swept->read(offset, length);
        ASSERT_TRUE(read.ok()) << read.status();
        ASSERT_EQ(*read, bytes.substr(offset, length));
    }
    void sweep(std::size_t block) const {
        const FileRange& range = blocks[block];
        for (std::uint64_t part = 0; part < 8; ++part) {
            const std::uint64_t begin = range.length * part / 8;
            expect(range.offset + begin, range.length * (part + 1) / 8 - begin);
        }
        swept->done(block);
    }

    std::string bytes;
    std::shared_ptr<CountedFile> file;
    std::shared_ptr<SweepBudget> budget;
    std::unique_ptr<SweptFile> swept;
    std::vector<FileRange> blocks;
};

TEST(SweptFile, TakesAFewLargeReads) {
    World world(20'000'000, 200'000);
    const std::int64_t budget = world.budget->bytes_left;
    world.expect(world.bytes.size() - 36, 36);
    world.expect(world.bytes.size() - 60, 20);
    EXPECT_EQ(world.file->reads, 1);
    world.swept->plan(world.blocks);
    for (std::size_t block = 0; block < world.blocks.size(); ++block) {
        world.sweep(block);
        ASSERT_GE(world.budget->bytes_left,
                  budget - static_cast<std::int64_t>(2 * kPiece + 100 + 200'000));
    }
    EXPECT_LE(world.file->reads, 6);
    EXPECT_LE(world.file->bytes_read, world.bytes.size() + 200'000);
    world.expect(world.bytes.size() - 100, 100);
    EXPECT_LE(world.file->reads, 6);
    world.swept.reset();
    EXPECT_EQ(world.budget->bytes_left, budget);
}

TEST(SweptFile, ASmallFileIsOneRead) {
    World world(1'000'000, 150'000);
    world.expect(world.bytes.size() - 36, 36);
    world.swept->plan(world.blocks);
    for (std::size_t block = world.blocks.size(); block-- > 0;) {
        world.sweep(block);
    }
    EXPECT_EQ(world.file->reads, 1);
}

TEST(SweptFile, LeavesOutWhatNobodyReads) {
    World world(20'000'000, 1'000'000);
    for (std::size_t block = 0; block < world.blocks.size(); ++block) {
        if (block % 10 != 5) {
            world.blocks[block] = {};
        }
    }
    world.swept->plan(world.blocks);
    world.sweep(5);
    world.sweep(15);
    EXPECT_EQ(world.file->reads, 2);
    EXPECT_EQ(world.file->bytes_read, 2'000'000U);
}

TEST(SweptFile, WithoutRoomReadsBlockByBlock) {
    World world(20'000'000, 1'000'000);
    world.budget->bytes_left = 100;
    world.swept->plan(world.blocks);
    for (std::size_t block = 0; block < world.blocks.size(); ++block) {
        world.sweep(block);
        ASSERT_EQ(world.budget->bytes_left, 100);
    }
    EXPECT_EQ(world.file->reads, 20);
}

TEST(SweptFile, AFailedReadIsTriedAgain) {
    World world(20'000'000, 1'000'000);
    world.swept->plan(world.blocks);
    world.file->failing = true;
    EXPECT_TRUE(absl::IsUnavailable(world.swept->read(1'000, 10).status()));
    world.file->failing = false;
    world.sweep(0);
}

TEST(SweptFile, RangesOutOfOrderAreReadAsTheyAreAskedFor) {
    World world(1'000'000, 150'000);
    world.swept->plan({{500'000, 1000}, {100, 1000}});
    world.expect(500'100, 10);
    EXPECT_EQ(world.file->bytes_read, 1'000'000U) << "the end, which is all";
    World far(10'000'000, 150'000);
    far.swept->plan({{500'000, 1000}, {UINT64_MAX - 5, 1000}});
    far.expect(500'100, 10);
    EXPECT_EQ(far.file->bytes_read, 10U);
}

TEST(SweptFile, AnyOrderGivesTheFilesBytes) {
    std::mt19937 random(7);
    for (int round = 0; round < 20; ++round) {
        World world(100 + random() % 12'000'000, 1 + random() % 3'000'000);
        world.budget->bytes_left = static_cast<std::int64_t>(random() % 12'000'000);
        const std::int64_t budget = world.budget->bytes_left;
        std::vector<std::size_t> order;
        for (std::size_t i = 0; i < world.blocks.size(); ++i) {
            if (random() % 4 == 0) {
                world.blocks[i] = {};
            } else {
                order.push_back(i);
            }
        }
        if (random() % 2 == 0) {
            world.expect(world.bytes.size() - 50, 50);
        }
        world.swept->plan(world.blocks);
        std::shuffle(order.begin(), order.end(), random);
        for (const std::size_t block : order) {
            world.sweep(block);
            const std::uint64_t at = random() % world.bytes.size();
            world.expect(at, std::min<std::uint64_t>(random() % 5000, world.bytes.size() - at));
        }
        world.swept.reset();
        EXPECT_EQ(world.budget->bytes_left, budget);
    }
}

}  // namespace
}  // namespace logi::segment
