// A segment's file for who reads all of its blocks, each for some time and then no more: it is read
// in large pieces, each once, and what of them is still to come stays in memory, within a bound.
#pragma once

#include "absl/types/span.h"
#include "segment/paged_file.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace logi::segment {

// What files that are read together may hold.
struct SweepBudget {
    std::int64_t bytes_left = 64LL << 20U;  // below 0 where a single block has more
};

// One thread at a time. Before plan() it holds the end of the file, the first piece that is read.
class SweptFile final : public SegmentFile {
  public:
    // What is read at once, but for a block that has more.
    static constexpr std::uint64_t kPieceBytes = 4ULL << 20U;

    SweptFile(std::shared_ptr<const SegmentFile> file, std::shared_ptr<SweepBudget> budget);
    ~SweptFile() override;

    [[nodiscard]] std::uint64_t size() const override { return file_->size(); }
    // What lies in a block that is not done is read with it and those that follow it.
    [[nodiscard]] StatusOr<std::string> read(std::uint64_t offset,
                                             std::uint64_t length) const override;

    // Where the blocks are, by number; of length 0 are those that nobody will read. Unless they
    // ascend, as in files of Logi, everything is read as it is asked for.
    void plan(std::vector<FileRange> blocks);
    // Nobody reads the block any more.
    void done(std::size_t block);

  private:
    struct Block {
        FileRange range;
        bool done = false;
        bool held = false;
        std::string bytes;  // if it is held
    };
    // The block in which the range lies; null if it is none that is to come.
    [[nodiscard]] Block* block_of(std::uint64_t offset, std::uint64_t length) const;
    // Reads the block, and those behind it that there is room for.
    Status load(Block& first) const;
    void hold(Block& block, std::string_view piece, std::uint64_t offset) const;
    void drop(std::string& held) const;
    [[nodiscard]] std::uint64_t piece_bytes() const;

    const std::shared_ptr<const SegmentFile> file_;
    const std::shared_ptr<SweepBudget> budget_;
    mutable std::vector<Block> blocks_;
    mutable std::string end_;  // the file's last bytes
};

}  // namespace logi::segment
