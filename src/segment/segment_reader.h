// Reads a segment: one read of the end opens it, then only the columns that are asked for.
#pragma once

#include "segment/segment_format.h"
#include "segment/source.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace logi::segment {

// The bytes of a segment, wherever they are. Thread-safe.
class SegmentFile {
  public:
    virtual ~SegmentFile() = default;
    [[nodiscard]] virtual std::uint64_t size() const = 0;
    [[nodiscard]] virtual StatusOr<std::string> read(std::uint64_t offset,
                                                     std::uint64_t length) const = 0;
};

class SegmentReader final : public Source {
  public:
    // kDataLoss, with name and offset, if footer or directory are damaged; kUnimplemented for a
    // newer format.
    static StatusOr<std::shared_ptr<const SegmentReader>> open(
        std::shared_ptr<const SegmentFile> file, std::string name);

    [[nodiscard]] std::uint32_t stream_count() const override;
    [[nodiscard]] Labels labels(std::uint32_t stream) const override;
    [[nodiscard]] StreamId stream_id(std::uint32_t stream) const override { return ids_[stream]; }
    [[nodiscard]] absl::Span<const block::BlockStats> blocks() const override { return stats_; }
    [[nodiscard]] absl::Span<const StreamExtent> extents() const override { return extents_; }
    using Source::open_block;
    [[nodiscard]] StatusOr<std::unique_ptr<block::BlockReader>> open_block(
        std::uint32_t block, std::uint64_t* bytes_read) const override;
    [[nodiscard]] std::string name() const override { return name_; }
    // Each matcher is asked once per distinct label pair.
    [[nodiscard]] std::vector<std::uint32_t> select(
        const std::vector<Matcher>& matchers) const override;

    // The file's first bytes, which no query reads; kDataLoss if they are damaged.
    [[nodiscard]] Status check_header() const;

    using Regions = std::array<Region, block::kColumns>;
    [[nodiscard]] const std::vector<Regions>& regions() const { return regions_; }
    [[nodiscard]] block::LineKind kind(std::uint32_t block) const {
        return forms_[block].line_kind;
    }
    // Version of the file's format.
    [[nodiscard]] std::uint32_t version() const { return version_; }
    [[nodiscard]] std::uint64_t size_bytes() const { return file_->size(); }
    // The bytes of a block's column as they are stored, checked against their checksum.
    [[nodiscard]] StatusOr<std::string> stored_column(std::uint32_t block,
                                                      block::Column column) const {
        return read_region(regions_[block][column], column);
    }
    // Reads all columns of a block and compares their checksums.
    [[nodiscard]] Status check_columns(std::uint32_t block) const;

  private:
    class Block;
    SegmentReader(std::shared_ptr<const SegmentFile> file, std::string name)
        : file_(std::move(file)), name_(std::move(name)) {}
    Status load();
    Status parse_directory(std::string_view raw);
    [[nodiscard]] StatusOr<std::string> read_region(const Region& region,
                                                    block::Column column) const;
    [[nodiscard]] Status damaged(std::uint64_t offset, std::string_view what) const;

    std::shared_ptr<const SegmentFile> file_;
    std::string name_;
    std::uint32_t version_ = 0;       // of the file's format
    std::vector<LabelPair> symbols_;  // sorted
    std::vector<StreamId> ids_;
    std::vector<std::uint32_t>
        symbols_begin_;  // per stream, into stream_symbols_; one more at the end
    std::vector<std::uint32_t> stream_symbols_;
    std::vector<block::BlockStats> stats_;
    std::vector<block::BlockForm> forms_;
    std::vector<Regions> regions_;
    std::vector<StreamExtent> extents_;
};

}  // namespace logi::segment
