// Reads a segment: one read of the end opens it, then only the columns that are asked for.
#pragma once

#include "base/bytes.h"
#include "base/mutex.h"
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
    // A page of statistics that has been read stays in memory.
    [[nodiscard]] StatusOr<std::shared_ptr<const BlockStatistics>> statistics(
        std::uint32_t block) const override;
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
    // Statistics of blocks that follow each other; pages follow each other, too, from block 0 on.
    struct StatisticsPage {
        std::uint32_t first_block = 0;
        std::uint32_t blocks = 0;
        Region region;
    };
    [[nodiscard]] const std::vector<StatisticsPage>& statistics_pages() const {
        return statistics_pages_;
    }
    // Of all pages.
    [[nodiscard]] std::uint64_t statistics_bytes() const;
    // Version of the file's format.
    [[nodiscard]] std::uint32_t version() const { return version_; }
    [[nodiscard]] std::uint64_t size_bytes() const { return file_->size(); }
    // The bytes of a block's column as they are stored, checked against their checksum.
    [[nodiscard]] StatusOr<std::string> stored_column(std::uint32_t block,
                                                      block::Column column) const {
        return read_region(regions_[block][column], block::kColumnNames[column]);
    }
    // Reads all columns of a block and compares their checksums.
    [[nodiscard]] Status check_columns(std::uint32_t block) const;

  private:
    class Block;
    SegmentReader(std::shared_ptr<const SegmentFile> file, std::string name)
        : file_(std::move(file)), name_(std::move(name)) {}
    Status load();
    Status parse_directory(std::string_view raw);
    bool parse_streams(base::ByteReader& r);
    bool parse_blocks(base::ByteReader& r);
    bool parse_extents(base::ByteReader& r);
    bool parse_statistics_pages(base::ByteReader& r);
    using PageContent = std::vector<BlockStatistics>;
    [[nodiscard]] StatusOr<PageContent> read_statistics(const StatisticsPage& page) const;
    [[nodiscard]] StatusOr<std::string> read_region(const Region& region,
                                                    std::string_view what) const;
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
    std::vector<StatisticsPage> statistics_pages_;
    mutable base::Mutex mutex_;
    // By page; null: not read so far.
    mutable std::vector<std::shared_ptr<const PageContent>> statistics_ LOGI_GUARDED_BY(mutex_);
};

}  // namespace logi::segment
