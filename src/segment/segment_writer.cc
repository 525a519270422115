#include "segment/segment_writer.h"

#include "base/check.h"
#include "base/crc32c.h"
#include "codec/compress.h"
#include "segment/renumber.h"

namespace logi::segment {
namespace {

// Most logs become smaller than by this; memory that is only reserved costs nothing.
constexpr std::uint64_t kUsualRatio = 3;

std::uint64_t bytes_of(absl::Span<const MetadataView> metadata) {
    std::uint64_t bytes = 0;
    for (const MetadataView& pair : metadata) {
        bytes += pair.name.size() + pair.value.size();
    }
    return bytes;
}

}  // namespace

SegmentWriter::SegmentWriter(std::vector<Labels> streams, std::uint64_t line_bytes)
    : streams_(std::move(streams)) {
    out_.reserve(line_bytes / kUsualRatio);
    base::ByteWriter w(out_);
    w.bytes(kMagic);
    w.u32(kFormatVersion);
    w.u32(0);
}

void SegmentWriter::add(const block::Row& row) {
    LOGI_CHECK(row.stream < streams_.size());
    const auto metadata = absl::MakeConstSpan(row.metadata, row.metadata_count);
    if (starts_block(row.line, metadata)) {
        close_block();
    }
    rows_.push_back(row);
    line_bytes_ += row.line.size();
    metadata_bytes_ += bytes_of(metadata);
}

bool SegmentWriter::starts_block(std::string_view line,
                                 absl::Span<const MetadataView> metadata) const {
    return rows_.empty() || line_bytes_ + line.size() > block::kBlockLineBytes ||
           metadata_bytes_ + bytes_of(metadata) > block::kBlockMetadataBytes ||
           rows_.size() >= block::kBlockRowsMax;
}

Region SegmentWriter::append(std::string_view bytes) {
    const Region region = {out_.size(), bytes.size(), base::crc32c(bytes)};
    out_.append(bytes);
    return region;
}

void SegmentWriter::close_block() {
    if (rows_.empty()) {
        return;
    }
    const block::EncodedBlock encoded = encoder_.encode(rows_);
    BlockEntry entry;
    entry.stats = encoded.stats;
    entry.form = encoded.form;
    for (std::size_t c = 0; c < block::kColumns; ++c) {
        entry.regions[c] = append(encoded.columns[c]);
    }
    metadata_bytes_of_rows_.clear();
    append_extents(
        rows_, static_cast<std::uint32_t>(blocks_.size()), extents_, &metadata_bytes_of_rows_);
    statistics_.add(rows_, metadata_bytes_of_rows_);
    blocks_.push_back(entry);
    rows_.clear();
    line_bytes_ = 0;
    metadata_bytes_ = 0;
}

Status SegmentWriter::add_block(const SegmentReader& from,
                                std::uint32_t block,
                                absl::Span<const StreamExtent> extents,
                                absl::Span<const std::uint32_t> ordinals) {
    LOGI_CHECK(from.version() == kFormatVersion);
    std::array<std::string, block::kColumns> columns;
    for (std::size_t c = 0; c < block::kColumns; ++c) {
        LOGI_ASSIGN_OR_RETURN(columns[c], from.stored_column(block, static_cast<block::Column>(c)));
    }
    LOGI_RETURN_IF_ERROR(renumber_streams(from, block, ordinals, columns[block::kStreams]));
    close_block();
    LOGI_RETURN_IF_ERROR(statistics_.add(from, block, ordinals));
    BlockEntry entry;
    entry.stats = from.blocks()[block];
    entry.stats.first_stream = ordinals[entry.stats.first_stream];
    entry.stats.last_stream = ordinals[entry.stats.last_stream];
    entry.form.line_kind = from.kind(block);
    for (std::size_t c = 0; c < block::kColumns; ++c) {
        entry.regions[c] = append(columns[c]);
    }
    for (StreamExtent extent : extents) {
        extent.block = static_cast<std::uint32_t>(blocks_.size());
        extent.stream = ordinals[extent.stream];
        extents_.push_back(extent);
    }
    blocks_.push_back(entry);
    return absl::OkStatus();
}

// Of what comes before the directory.
std::vector<SegmentWriter::StatisticsEntry> SegmentWriter::append_statistics() {
    const std::uint64_t bytes_max =
        std::max(out_.size() / kBytesPerStatistics, kStatisticsBytesMin);
    std::vector<StatisticsEntry> entries;
    for (const StatisticsWriter::Page& page : statistics_.finish(bytes_max)) {
        entries.push_back({page.blocks, append(page.bytes)});
    }
    return entries;
}

// Distinct label pairs, sorted; a stream is a list of their numbers.
void SegmentWriter::encode_streams(base::ByteWriter& w) const {
    std::vector<LabelPair> symbols;
    for (const auto& labels : streams_) {
        symbols.insert(symbols.end(), labels.pairs().begin(), labels.pairs().end());
    }
    std::sort(symbols.begin(), symbols.end());
    symbols.erase(std::unique(symbols.begin(), symbols.end()), symbols.end());
    w.varint(symbols.size());
    for (const auto& pair : symbols) {
        w.string(pair.name);
        w.string(pair.value);
    }
    w.varint(streams_.size());
    for (const auto& labels : streams_) {
        const StreamId id = labels.id();
        w.u64(id.high);
        w.u64(id.low);
        w.varint(labels.size());
        for (const auto& pair : labels.pairs()) {
            const auto it = std::lower_bound(symbols.begin(), symbols.end(), pair);
            w.varint(static_cast<std::uint64_t>(it - symbols.begin()));
        }
    }
}

void SegmentWriter::encode_blocks(base::ByteWriter& w) const {
    w.varint(blocks_.size());
    for (const auto& b : blocks_) {
        w.u8(b.form.line_kind);
        w.varint(b.stats.rows);
        w.varint(b.stats.line_bytes);
        w.i64(b.stats.min_time.ns);
        w.i64(b.stats.max_time.ns);
        w.varint(b.stats.first_stream);
        w.varint(b.stats.last_stream);
        for (const auto& region : b.regions) {
            w.varint(region.offset);
            w.varint(region.length);
            w.u32(region.crc);
        }
    }
}

std::string SegmentWriter::encode_directory(absl::Span<const StatisticsEntry> statistics) {
    std::string raw;
    base::ByteWriter w(raw);
    encode_streams(w);
    encode_blocks(w);
    std::stable_sort(extents_.begin(), extents_.end(), [](const auto& a, const auto& b) {
        return a.stream < b.stream;
    });
    w.varint(extents_.size());
    for (const auto& e : extents_) {
        w.varint(e.block);
        w.varint(e.stream);
        w.varint(e.rows);
        w.zigzag(e.min_time.ns);
        w.zigzag((e.max_time - e.min_time).ns);
        w.varint(e.line_bytes);
        w.varint(e.metadata_bytes);
    }
    w.varint(statistics.size());
    for (const auto& entry : statistics) {
        w.varint(entry.blocks);
        w.varint(entry.region.offset);
        w.varint(entry.region.length);
        w.u32(entry.region.crc);
    }
    return codec::compress(raw);
}

std::string SegmentWriter::finish() {
    close_block();
    LOGI_CHECK(!blocks_.empty());
    const std::string directory = encode_directory(append_statistics());
    const std::uint64_t offset = out_.size();
    out_.append(directory);
    std::string footer;
    base::ByteWriter w(footer);
    w.u64(offset);
    w.u64(directory.size());
    w.u32(base::crc32c(directory));
    w.u32(kFormatVersion);
    w.u32(base::crc32c(footer));
    w.bytes(kMagic);
    LOGI_CHECK(footer.size() == kFooterBytes);
    out_.append(footer);
    return std::move(out_);
}

}  // namespace logi::segment
