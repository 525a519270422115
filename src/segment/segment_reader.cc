#include "segment/segment_reader.h"

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/check.h"
#include "base/crc32c.h"
#include "codec/compress.h"
#include "segment/statistics_page.h"

#include <algorithm>
#include <tuple>

namespace logi::segment {

Status SegmentReader::damaged(std::uint64_t offset, std::string_view what) const {
    return absl::DataLossError(
        absl::StrCat(name_, ": offset ", offset, ": ", std::string(what), " is damaged"));
}

StatusOr<std::shared_ptr<const SegmentReader>> SegmentReader::open(
    std::shared_ptr<const SegmentFile> file, std::string name) {
    const std::shared_ptr<SegmentReader> reader(
        new SegmentReader(std::move(file), std::move(name)));
    LOGI_RETURN_IF_ERROR(reader->load());
    return std::shared_ptr<const SegmentReader>(reader);
}

Status SegmentReader::load() {
    const std::uint64_t size = file_->size();
    if (size < kHeaderBytes + kFooterBytes) {
        return damaged(0, "segment (too short)");
    }
    const std::uint64_t tail_bytes = std::min(size, kTailReadBytes);
    LOGI_ASSIGN_OR_RETURN(const std::string tail, file_->read(size - tail_bytes, tail_bytes));
    const std::uint64_t footer_offset = size - kFooterBytes;
    const std::string_view footer = std::string_view(tail).substr(tail.size() - kFooterBytes);
    base::ByteReader r(footer);
    const std::uint64_t offset = r.u64();
    const std::uint64_t length = r.u64();
    const std::uint32_t directory_crc = r.u32();
    version_ = r.u32();
    const std::uint32_t footer_crc = r.u32();
    if (r.bytes(kMagic.size()) != kMagic || footer_crc != base::crc32c(footer.substr(0, 24))) {
        return damaged(footer_offset, "segment footer");
    }
    if (version_ < kFormatVersionMin || version_ > kFormatVersion) {
        return absl::UnimplementedError(
            absl::StrCat(name_, ": segment format ", version_, " is not known"));
    }
    if (offset > footer_offset || length != footer_offset - offset) {
        return damaged(footer_offset, "segment footer");
    }
    std::string directory;
    if (offset >= size - tail_bytes) {
        directory = tail.substr(offset - (size - tail_bytes), length);
    } else {
        LOGI_ASSIGN_OR_RETURN(directory, file_->read(offset, length));
    }
    if (base::crc32c(directory) != directory_crc) {
        return damaged(offset, "segment directory");
    }
    const auto raw = codec::decompress(directory);
    if (!raw.ok() || !parse_directory(raw->view()).ok()) {
        return damaged(offset, "segment directory");
    }
    return absl::OkStatus();
}

Status SegmentReader::check_header() const {
    std::string expected;
    base::ByteWriter w(expected);
    w.bytes(kMagic);
    w.u32(version_);
    w.u32(0);
    LOGI_ASSIGN_OR_RETURN(const std::string found, file_->read(0, kHeaderBytes));
    return found == expected ? absl::OkStatus() : damaged(0, "segment header");
}

Status SegmentReader::parse_directory(std::string_view raw) {
    base::ByteReader r(raw);
    const bool good = parse_streams(r) && parse_blocks(r) && parse_extents(r) &&
                      (version_ < 6 || parse_statistics_pages(r)) && r.ok() && r.done();
    return good ? absl::OkStatus() : absl::DataLossError("directory");
}

bool SegmentReader::parse_streams(base::ByteReader& r) {
    for (std::uint64_t n = r.varint(); n > 0 && r.ok(); --n) {
        LabelPair pair;
        pair.name = std::string(r.string());
        pair.value = std::string(r.string());
        symbols_.push_back(std::move(pair));
    }
    for (std::uint64_t n = r.varint(); n > 0 && r.ok(); --n) {
        StreamId id;
        id.high = r.u64();
        id.low = r.u64();
        ids_.push_back(id);
        symbols_begin_.push_back(static_cast<std::uint32_t>(stream_symbols_.size()));
        for (std::uint64_t k = r.varint(); k > 0 && r.ok(); --k) {
            const std::uint64_t symbol = r.varint();
            if (symbol >= symbols_.size()) {
                return false;
            }
            stream_symbols_.push_back(static_cast<std::uint32_t>(symbol));
        }
    }
    symbols_begin_.push_back(static_cast<std::uint32_t>(stream_symbols_.size()));
    return r.ok();
}

bool SegmentReader::parse_blocks(base::ByteReader& r) {
    for (std::uint64_t n = r.varint(); n > 0 && r.ok(); --n) {
        const std::uint8_t kind = r.u8();
        block::BlockStats stats;
        stats.rows = static_cast<std::uint32_t>(r.varint());
        stats.line_bytes = r.varint();
        stats.min_time = {r.i64()};
        stats.max_time = {r.i64()};
        stats.first_stream = static_cast<std::uint32_t>(r.varint());
        stats.last_stream = static_cast<std::uint32_t>(r.varint());
        Regions regions;
        for (auto& region : absl::MakeSpan(regions).first(columns_of(version_))) {
            region.offset = r.varint();
            region.length = r.varint();
            region.crc = r.u32();
        }
        if (kind > (version_ < 4 ? block::kZstdLines : block::kTemplateLines) ||
            stats.last_stream >= ids_.size()) {
            return false;
        }
        stats_.push_back(stats);
        forms_.push_back({static_cast<block::LineKind>(kind), version_ < 5});
        regions_.push_back(regions);
    }
    return r.ok();
}

bool SegmentReader::parse_extents(base::ByteReader& r) {
    for (std::uint64_t n = r.varint(); n > 0 && r.ok(); --n) {
        StreamExtent e;
        e.block = static_cast<std::uint32_t>(r.varint());
        e.stream = static_cast<std::uint32_t>(r.varint());
        e.rows = static_cast<std::uint32_t>(r.varint());
        e.min_time = {r.zigzag()};
        e.max_time = e.min_time + Duration{r.zigzag()};
        e.has_bytes = version_ > 1;
        if (e.has_bytes) {
            e.line_bytes = r.varint();
            e.metadata_bytes = r.varint();
        }
        if (e.block >= stats_.size() || e.stream >= ids_.size()) {
            return false;
        }
        extents_.push_back(e);
    }
    return r.ok();
}

bool SegmentReader::parse_statistics_pages(base::ByteReader& r) {
    std::uint64_t blocks = 0;
    for (std::uint64_t n = r.varint(); n > 0 && r.ok(); --n) {
        const std::uint64_t count = r.varint();
        StatisticsPage page;
        page.region.offset = r.varint();
        page.region.length = r.varint();
        page.region.crc = r.u32();
        if (count == 0 || count > stats_.size() - blocks) {
            return false;
        }
        page.first_block = static_cast<std::uint32_t>(blocks);
        page.blocks = static_cast<std::uint32_t>(count);
        blocks += count;
        statistics_pages_.push_back(page);
    }
    const base::MutexLock lock(mutex_);
    statistics_.resize(statistics_pages_.size());
    return r.ok() && (blocks == 0 || blocks == stats_.size());
}

std::uint32_t SegmentReader::stream_count() const {
    return static_cast<std::uint32_t>(ids_.size());
}

Labels SegmentReader::labels(std::uint32_t stream) const {
    std::vector<LabelPair> pairs;
    for (std::uint32_t i = symbols_begin_[stream]; i < symbols_begin_[stream + 1]; ++i) {
        pairs.push_back(symbols_[stream_symbols_[i]]);
    }
    return Labels::from_pairs(std::move(pairs));
}

std::vector<std::uint32_t> SegmentReader::select(const std::vector<Matcher>& matchers) const {
    std::vector<bool> selected(ids_.size(), true);
    for (const Matcher& matcher : matchers) {
        // Per symbol: 0 another label, 1 this label and no match, 2 a match.
        std::vector<std::uint8_t> verdict(symbols_.size(), 0);
        for (std::size_t i = 0; i < symbols_.size(); ++i) {
            if (symbols_[i].name == matcher.name()) {
                verdict[i] = matcher.matches(symbols_[i].value) ? 2 : 1;
            }
        }
        const bool absent = matcher.matches_empty();
        for (std::size_t stream = 0; stream < ids_.size(); ++stream) {
            bool matches = absent;
            for (std::uint32_t i = symbols_begin_[stream]; i < symbols_begin_[stream + 1]; ++i) {
                if (const std::uint8_t v = verdict[stream_symbols_[i]]; v != 0) {
                    matches = v == 2;
                }
            }
            selected[stream] = selected[stream] && matches;
        }
    }
    std::vector<std::uint32_t> streams;
    for (std::uint32_t stream = 0; stream < ids_.size(); ++stream) {
        if (selected[stream]) {
            streams.push_back(stream);
        }
    }
    return streams;
}

StatusOr<std::string> SegmentReader::read_region(const Region& region,
                                                 std::string_view what) const {
    if (region.length == 0) {
        return std::string();
    }
    if (region.offset > file_->size() || region.length > file_->size() - region.offset) {
        return damaged(region.offset, what);
    }
    LOGI_ASSIGN_OR_RETURN(std::string bytes, file_->read(region.offset, region.length));
    if (base::crc32c(bytes) != region.crc) {
        return damaged(region.offset, what);
    }
    return bytes;
}

StatusOr<SegmentReader::PageContent> SegmentReader::read_statistics(
    const StatisticsPage& page) const {
    LOGI_ASSIGN_OR_RETURN(const std::string stored, read_region(page.region, "statistics"));
    std::vector<std::vector<StreamExtent>> extents(page.blocks);
    for (const StreamExtent& e : extents_) {  // in the order of the streams
        if (e.block >= page.first_block && e.block - page.first_block < page.blocks) {
            extents[e.block - page.first_block].push_back(e);
        }
    }
    const auto raw = codec::decompress(stored);
    if (!raw.ok()) {
        return damaged(page.region.offset, "statistics");
    }
    auto content = decode_statistics(raw->view(), extents);
    return content.ok() ? std::move(content) : damaged(page.region.offset, "statistics");
}

StatusOr<std::shared_ptr<const BlockStatistics>> SegmentReader::statistics(
    std::uint32_t block) const {
    LOGI_CHECK(block < stats_.size());
    const auto after = std::upper_bound(
        statistics_pages_.begin(),
        statistics_pages_.end(),
        block,
        [](std::uint32_t b, const StatisticsPage& page) { return b < page.first_block; });
    if (after == statistics_pages_.begin()) {
        return nullptr;
    }
    const auto number = static_cast<std::size_t>(after - statistics_pages_.begin()) - 1;
    const StatisticsPage& page = statistics_pages_[number];
    // Whoever waits for another's page waits no longer than it takes to read one.
    const base::MutexLock lock(mutex_);
    if (statistics_[number] == nullptr) {
        LOGI_ASSIGN_OR_RETURN(PageContent content, read_statistics(page));
        statistics_[number] = std::make_shared<const PageContent>(std::move(content));
    }
    return std::shared_ptr<const BlockStatistics>(
        statistics_[number], &(*statistics_[number])[block - page.first_block]);
}

std::uint64_t SegmentReader::statistics_bytes() const {
    std::uint64_t bytes = 0;
    for (const StatisticsPage& page : statistics_pages_) {
        bytes += page.region.length;
    }
    return bytes;
}

class SegmentReader::Block final : public block::BlockSource {
  public:
    Block(const SegmentReader& segment, const Regions& regions, std::uint64_t* bytes_read)
        : segment_(segment), regions_(regions), bytes_read_(bytes_read) {}

    [[nodiscard]] StatusOr<std::string> column(block::Column column) const override {
        count(regions_[column].length);
        return segment_.read_region(regions_[column], block::kColumnNames[column]);
    }
    [[nodiscard]] StatusOr<std::string> range(block::Column column,
                                              std::uint64_t offset,
                                              std::uint64_t length) const override {
        const Region& region = regions_[column];
        if (offset > region.length || length > region.length - offset ||
            region.offset > segment_.file_->size() ||
            region.length > segment_.file_->size() - region.offset) {
            return segment_.damaged(region.offset, block::kColumnNames[column]);
        }
        count(length);
        return segment_.file_->read(region.offset + offset, length);
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

    const SegmentReader& segment_;
    const Regions& regions_;
    std::uint64_t* const bytes_read_;
};

StatusOr<std::unique_ptr<block::BlockReader>> SegmentReader::open_block(
    std::uint32_t block, std::uint64_t* bytes_read) const {
    LOGI_CHECK(block < stats_.size());
    return block::open_block(stats_[block],
                             forms_[block],
                             std::make_shared<Block>(*this, regions_[block], bytes_read),
                             absl::StrCat(name_, " block ", block));
}

Status SegmentReader::check_columns(std::uint32_t block) const {
    for (std::size_t c = 0; c < block::kColumns; ++c) {
        const auto column = static_cast<block::Column>(c);
        LOGI_RETURN_IF_ERROR(read_region(regions_[block][c], block::kColumnNames[column]).status());
    }
    return absl::OkStatus();
}

}  // namespace logi::segment
