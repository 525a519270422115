#include "segment/segment_reader.h"

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/check.h"
#include "base/crc32c.h"
#include "block/kept.h"
#include "codec/compress.h"
#include "segment/old_directory.h"
#include "segment/selected_pages.h"

#include <algorithm>

namespace logi::segment {
namespace {

// Of a segment that shares no cache.
constexpr std::size_t kOwnCacheBytes = 64U << 20U;

// As little as this between two blocks that are read ahead is read with them.
constexpr std::uint64_t kReadAheadGapBytes = 128U << 10U;
// Of a block so much is read around a column, however little that is, ...
constexpr std::uint64_t kAroundBytesMin = 256U << 10U;
// ... or so many times the column ...
constexpr std::uint64_t kAroundRatio = 16;
// ... up to this: larger blocks are those of lines that hardly become smaller.
constexpr std::uint64_t kAroundBytesMax = 1U << 20U;

// The end of a file.
struct Tail {
    std::string bytes;
    std::uint64_t offset = 0;  // where they begin
    Region root;
    std::uint32_t version = 0;
};

Status read_footer(const PagedFile& file, Tail& tail) {
    const std::uint64_t footer_offset = file.size() - kFooterBytes;
    const std::string_view footer =
        std::string_view(tail.bytes).substr(tail.bytes.size() - kFooterBytes);
    base::ByteReader r(footer);
    tail.root.offset = r.u64();
    tail.root.length = r.u64();
    tail.root.crc = r.u32();
    tail.version = r.u32();
    const std::uint32_t footer_crc = r.u32();
    if (r.bytes(kMagic.size()) != kMagic || footer_crc != base::crc32c(footer.substr(0, 24))) {
        return file.damaged(footer_offset, "segment footer");
    }
    if (tail.version < kFormatVersionMin || tail.version > kFormatVersion) {
        return absl::UnimplementedError(
            absl::StrCat(file.name(), ": segment format ", tail.version, " is not known"));
    }
    if (tail.root.offset > footer_offset || tail.root.length != footer_offset - tail.root.offset) {
        return file.damaged(footer_offset, "segment footer");
    }
    return absl::OkStatus();
}

StatusOr<Tail> read_tail(const PagedFile& file) {
    if (file.size() < kHeaderBytes + kFooterBytes) {
        return file.damaged(0, "segment (too short)");
    }
    Tail tail;
    const std::uint64_t length = std::min(file.size(), kTailReadBytes);
    tail.offset = file.size() - length;
    LOGI_ASSIGN_OR_RETURN(tail.bytes, file.read(tail.offset, length));
    LOGI_RETURN_IF_ERROR(read_footer(file, tail));
    return tail;
}

// Root or old directory.
StatusOr<base::Buffer> read_root(const PagedFile& file, const Tail& tail) {
    std::string far;
    std::string_view stored;
    if (tail.root.offset >= tail.offset) {
        stored =
            std::string_view(tail.bytes).substr(tail.root.offset - tail.offset, tail.root.length);
    } else {
        LOGI_ASSIGN_OR_RETURN(far, file.read(tail.root.offset, tail.root.length));
        stored = far;
    }
    if (base::crc32c(stored) == tail.root.crc) {
        if (auto raw = codec::decompress(stored); raw.ok()) {
            return raw;
        }
    }
    return file.damaged(tail.root.offset, "segment directory");
}

}  // namespace

StatusOr<std::shared_ptr<const SegmentReader>> SegmentReader::open(
    std::shared_ptr<const SegmentFile> bytes, std::string name, std::shared_ptr<PageCache> cache) {
    if (cache == nullptr) {
        cache = std::make_shared<PageCache>(kOwnCacheBytes);
    }
    const auto file =
        std::make_shared<const PagedFile>(std::move(bytes), std::move(name), std::move(cache));
    LOGI_ASSIGN_OR_RETURN(const Tail tail, read_tail(*file));
    LOGI_ASSIGN_OR_RETURN(base::Buffer raw, read_root(*file, tail));
    Root root;
    std::shared_ptr<const StreamPage> all_streams;
    Status status;
    if (tail.version < kPagedVersionMin) {
        auto old = decode_old_directory(std::move(raw), tail.version);
        status = old.status();
        if (old.ok()) {
            root = std::move(old->root);
            all_streams = std::move(old->streams);
        }
    } else {
        auto decoded = decode_root(raw.view(), tail.root.offset);
        status = decoded.status();
        if (decoded.ok()) {
            root = *std::move(decoded);
        }
    }
    if (!status.ok()) {
        return file->damaged(tail.root.offset, "segment directory");
    }
    const std::size_t memory_bytes =
        root.memory_bytes() + (all_streams == nullptr ? 0 : all_streams->memory_bytes());
    const std::shared_ptr<SegmentReader> reader(new SegmentReader(
        file, tail.version, Directory(file, std::move(root), std::move(all_streams))));
    reader->memory_bytes_ = memory_bytes;
    reader->directory_.keep_pages(tail.bytes, tail.offset);
    return std::shared_ptr<const SegmentReader>(reader);
}

Status SegmentReader::check_header() const {
    std::string expected;
    base::ByteWriter w(expected);
    w.bytes(kMagic);
    w.u32(version_);
    w.u32(0);
    LOGI_ASSIGN_OR_RETURN(const std::string found, file_->read(0, kHeaderBytes));
    return found == expected ? absl::OkStatus() : file_->damaged(0, "segment header");
}

StatusOr<Selection> SegmentReader::select(const std::vector<Matcher>& matchers,
                                          Timestamp first,
                                          Timestamp last) const {
    LOGI_ASSIGN_OR_RETURN(const auto numbers, directory_.candidates(matchers, first, last));
    LOGI_ASSIGN_OR_RETURN(StreamPages pages, directory_.stream_pages(numbers));
    std::vector<StreamExtent> extents;
    std::erase_if(pages, [&](const auto& page) {
        const std::size_t before = extents.size();
        const std::vector<bool> matching = page->matching(matchers);
        for (const StreamExtent& e : page->extents) {
            if (matching[e.stream - page->first_stream] && e.min_time <= last &&
                first <= e.max_time) {
                extents.push_back(e);
            }
        }
        return extents.size() == before;
    });
    return Selection(*this,
                     std::make_shared<const SelectedPages>(directory_, std::move(pages)),
                     std::move(extents));
}

namespace {

// What readers of blocks keep is numbered behind the directory's pages, of which no segment has so
// many.
constexpr std::uint32_t kFirstKept = 1U << 30U;

struct KeptPage final : Page {
    explicit KeptPage(std::shared_ptr<const block::Kept> of) : what(std::move(of)) {}
    [[nodiscard]] std::size_t memory_bytes() const override {
        return sizeof(*this) + what->memory_bytes();
    }
    const std::shared_ptr<const block::Kept> what;
};

}  // namespace

FileRange SegmentReader::block_range(std::uint32_t block) const {
    std::uint64_t begin = UINT64_MAX;
    std::uint64_t end = 0;
    for (const Region& region : root().regions[block]) {
        if (region.length > 0 && region.offset <= file_->size() &&
            region.length <= file_->size() - region.offset) {
            begin = std::min(begin, region.offset);
            end = std::max(end, region.offset + region.length);
        }
    }
    return end == 0 ? FileRange{} : FileRange{begin, end - begin};
}

class SegmentReader::Block final : public block::KeepingSource {
  public:
    Block(const PagedFile& file,
          std::uint32_t number,
          const Regions& regions,
          const FileRange& range,
          std::uint64_t* bytes_read)
        : file_(file), number_(number), regions_(regions), range_(range), bytes_read_(bytes_read) {}

    [[nodiscard]] StatusOr<std::string> column(block::Column column) const override {
        count(regions_[column].length);
        const Region& region = regions_[column];
        return file_.read_region(
            region, block::kColumnNames[column], around(region.offset, region.length));
    }
    [[nodiscard]] StatusOr<std::string> range(block::Column column,
                                              std::uint64_t offset,
                                              std::uint64_t length) const override {
        const Region& region = regions_[column];
        if (offset > region.length || length > region.length - offset ||
            region.offset > file_.size() || region.length > file_.size() - region.offset) {
            return file_.damaged(region.offset, block::kColumnNames[column]);
        }
        count(length);
        return file_.read_near(
            region.offset + offset, length, around(region.offset + offset, length));
    }
    [[nodiscard]] StatusOr<std::shared_ptr<const block::Kept>> kept(
        block::Column column, const block::MakeKept& make) const override {
        const Region& region = regions_[column];
        if (region.length == 0) {
            return make(base::Buffer());
        }
        const PageRequest request{
            static_cast<std::uint32_t>(kFirstKept + number_ * block::kColumns + column),
            region,
            block::kColumnNames[column],
            [&](base::Buffer raw) -> StatusOr<std::shared_ptr<const Page>> {
                count(region.length);
                LOGI_ASSIGN_OR_RETURN(auto made, make(std::move(raw)));
                return std::make_shared<const KeptPage>(std::move(made));
            },
            around(region.offset, region.length)};
        LOGI_ASSIGN_OR_RETURN(const Pages pages, file_.pages({&request, 1}));
        return std::static_pointer_cast<const KeptPage>(pages[0])->what;
    }
    [[nodiscard]] std::uint64_t offset(block::Column column) const override {
        return regions_[column].offset;
    }

  private:
    void count(std::uint64_t bytes) const {
        if (bytes_read_ != nullptr) {
            *bytes_read_ += bytes;
        }
    }

    // What of the block is read with a range of it: all of most blocks.
    [[nodiscard]] FileRange around(std::uint64_t offset, std::uint64_t length) const {
        const std::uint64_t most =
            std::clamp(kAroundRatio * length, kAroundBytesMin, kAroundBytesMax);
        const std::uint64_t end = range_.offset + range_.length;
        if (range_.length <= most || offset < range_.offset || offset > end) {
            return range_;
        }
        return {offset, std::min(most, end - offset)};
    }

    const PagedFile& file_;
    const std::uint32_t number_;
    const Regions& regions_;
    const FileRange range_;
    std::uint64_t* const bytes_read_;
};

StatusOr<std::unique_ptr<block::BlockReader>> SegmentReader::open_block(
    std::uint32_t block, std::uint64_t* bytes_read) const {
    LOGI_CHECK(block < root().blocks.size());
    return block::open_block(
        root().blocks[block],
        root().forms[block],
        std::make_shared<Block>(
            *file_, block, root().regions[block], block_range(block), bytes_read),
        absl::StrCat(name(), " block ", block));
}

void SegmentReader::read_ahead(absl::Span<const std::uint32_t> blocks) const {
    FileRange next;
    for (const std::uint32_t block : blocks) {
        LOGI_CHECK(block < root().blocks.size());
        const FileRange range = block_range(block);
        const std::uint64_t end = next.offset + next.length;
        if (range.length > kAroundBytesMax) {
            continue;
        }
        if (next.length > 0 && range.offset >= end && range.offset - end <= kReadAheadGapBytes) {
            next.length = range.offset + range.length - next.offset;
            continue;
        }
        file_->read_ahead(next);
        next = range;
    }
    file_->read_ahead(next);
}

Status SegmentReader::check_columns(std::uint32_t block) const {
    for (std::size_t c = 0; c < block::kColumns; ++c) {
        LOGI_RETURN_IF_ERROR(stored_column(block, static_cast<block::Column>(c)).status());
    }
    return absl::OkStatus();
}

}  // namespace logi::segment
