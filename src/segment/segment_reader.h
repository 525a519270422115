// Reads a segment: one read of the end opens it, then only the pages of its directory and the
// columns that are asked for.
#pragma once

#include "segment/directory.h"
#include "segment/selection.h"

#include <cstdint>
#include <memory>
#include <string>

namespace logi::segment {

class SegmentReader final : public BlockHolder {
  public:
    // `cache` keeps what is read of the directory, and may be shared; without one the segment has
    // its own. kDataLoss, with name and offset, if footer or root are damaged; kUnimplemented for a
    // newer format.
    static StatusOr<std::shared_ptr<const SegmentReader>> open(
        std::shared_ptr<const SegmentFile> file,
        std::string name,
        std::shared_ptr<PageCache> cache = nullptr);

    [[nodiscard]] StatusOr<Selection> select(const std::vector<Matcher>& matchers,
                                             Timestamp first,
                                             Timestamp last) const override;
    [[nodiscard]] absl::Span<const block::BlockStats> blocks() const override {
        return root().blocks;
    }
    using BlockHolder::open_block;
    [[nodiscard]] StatusOr<std::unique_ptr<block::BlockReader>> open_block(
        std::uint32_t block, std::uint64_t* bytes_read) const override;
    [[nodiscard]] std::uint64_t stored_bytes(std::uint32_t block) const override {
        return block_range(block).length;
    }
    void read_ahead(absl::Span<const std::uint32_t> blocks) const override;
    [[nodiscard]] std::string name() const override { return file_->name(); }

    // The file's first bytes, which no query reads; kDataLoss if they are damaged.
    [[nodiscard]] Status check_header() const;
    // Reads all columns of a block and compares their checksums.
    [[nodiscard]] Status check_columns(std::uint32_t block) const;

    [[nodiscard]] const Directory& directory() const { return directory_; }
    [[nodiscard]] const Root& root() const { return directory_.root(); }
    [[nodiscard]] std::uint32_t stream_count() const { return root().streams; }
    // Version of the file's format.
    [[nodiscard]] std::uint32_t version() const { return version_; }
    [[nodiscard]] std::uint64_t size_bytes() const { return file_->size(); }
    // Where a block's columns lie, from the first to the last of them.
    [[nodiscard]] FileRange block_range(std::uint32_t block) const;
    // What the reader takes without the pages, about.
    [[nodiscard]] std::size_t memory_bytes() const { return memory_bytes_; }
    // The bytes of a block's column as they are stored, checked against their checksum.
    [[nodiscard]] StatusOr<std::string> stored_column(std::uint32_t block,
                                                      block::Column column) const {
        return file_->read_region(root().regions[block][column], block::kColumnNames[column]);
    }

  private:
    class Block;
    SegmentReader(std::shared_ptr<const PagedFile> file, std::uint32_t version, Directory directory)
        : file_(std::move(file)), version_(version), directory_(std::move(directory)) {}

    const std::shared_ptr<const PagedFile> file_;
    const std::uint32_t version_;
    const Directory directory_;
    std::size_t memory_bytes_ = 0;
};

}  // namespace logi::segment
