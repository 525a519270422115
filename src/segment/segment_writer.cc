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

// What a stream takes in a page of streams, about.
std::size_t stream_bytes(const Labels& labels, std::size_t extents) {
    constexpr std::size_t kExtentBytes = 16;
    std::size_t bytes = sizeof(StreamId) + extents * kExtentBytes;
    for (const LabelPair& pair : labels.pairs()) {
        bytes += pair.name.size() + pair.value.size() + 4;
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
    Regions regions;
    for (std::size_t c = 0; c < block::kColumns; ++c) {
        regions[c] = append(encoded.columns[c]);
    }
    metadata_bytes_of_rows_.clear();
    append_extents(
        rows_, static_cast<std::uint32_t>(root_.blocks.size()), extents_, &metadata_bytes_of_rows_);
    statistics_.add(rows_, metadata_bytes_of_rows_);
    root_.blocks.push_back(encoded.stats);
    root_.forms.push_back(encoded.form);
    root_.regions.push_back(regions);
    rows_.clear();
    line_bytes_ = 0;
    metadata_bytes_ = 0;
}

Status SegmentWriter::add_block(const SegmentReader& from,
                                const Selection& streams,
                                absl::Span<const StreamExtent> extents,
                                absl::Span<const std::uint32_t> ordinals) {
    LOGI_CHECK(from.version() >= kBlockVersionMin && !extents.empty());
    const std::uint32_t block = extents.front().block;
    std::array<std::string, block::kColumns> columns;
    for (std::size_t c = 0; c < block::kColumns; ++c) {
        LOGI_ASSIGN_OR_RETURN(columns[c], from.stored_column(block, static_cast<block::Column>(c)));
    }
    LOGI_RETURN_IF_ERROR(renumber_streams(from, block, ordinals, columns[block::kStreams]));
    close_block();
    LOGI_RETURN_IF_ERROR(statistics_.add(streams, extents, ordinals));
    block::BlockStats stats = from.blocks()[block];
    stats.first_stream = ordinals[stats.first_stream];
    stats.last_stream = ordinals[stats.last_stream];
    Regions regions;
    for (std::size_t c = 0; c < block::kColumns; ++c) {
        regions[c] = append(columns[c]);
    }
    for (StreamExtent extent : extents) {
        extent.block = static_cast<std::uint32_t>(root_.blocks.size());
        extent.stream = ordinals[extent.stream];
        extents_.push_back(extent);
    }
    root_.blocks.push_back(stats);
    root_.forms.push_back(from.root().forms[block]);
    root_.regions.push_back(regions);
    return absl::OkStatus();
}

void SegmentWriter::append_stream_page(std::uint32_t first_stream,
                                       std::uint32_t end_stream,
                                       absl::Span<const StreamExtent> extents) {
    StreamPagePlace place;
    place.first_stream = first_stream;
    place.streams = end_stream - first_stream;
    place.min_time = Timestamp::max();
    place.max_time = Timestamp::min();
    for (const StreamExtent& e : extents) {
        place.min_time = std::min(place.min_time, e.min_time);
        place.max_time = std::max(place.max_time, e.max_time);
    }
    const auto streams = absl::MakeConstSpan(streams_).subspan(first_stream, place.streams);
    place.region = append(codec::compress(encode_streams(streams, extents, first_stream)));
    root_.stream_pages.push_back(place);
}

void SegmentWriter::append_streams() {
    std::stable_sort(extents_.begin(), extents_.end(), [](const auto& a, const auto& b) {
        return a.stream < b.stream;
    });
    auto left = absl::MakeConstSpan(extents_);
    std::uint32_t first = 0;  // stream of the page
    std::size_t extents = 0;  // of the page
    std::size_t bytes = 0;    // likewise
    for (std::uint32_t stream = 0; stream < streams_.size(); ++stream) {
        const std::size_t before = extents;
        while (extents < left.size() && left[extents].stream == stream) {
            ++extents;
        }
        bytes += stream_bytes(streams_[stream], extents - before);
        if (bytes >= kPageBytes || stream + 1 - first == kStreamsPerPageMax ||
            stream + 1 == streams_.size()) {
            append_stream_page(first, stream + 1, left.first(extents));
            left.remove_prefix(extents);
            first = stream + 1;
            extents = 0;
            bytes = 0;
        }
    }
    root_.streams = static_cast<std::uint32_t>(streams_.size());
}

// Of what comes before them.
void SegmentWriter::append_statistics() {
    const std::uint64_t bytes_max =
        std::max(out_.size() / kBytesPerStatistics, kStatisticsBytesMin);
    std::vector<std::uint32_t> first_streams;
    for (const StreamPagePlace& page : root_.stream_pages) {
        first_streams.push_back(page.first_stream);
    }
    if (const auto encoded = statistics_.finish(first_streams, bytes_max)) {
        root_.statistics_head = append(encoded->head);
        for (const std::string& page : encoded->pages) {
            root_.statistics_pages.push_back(append(page));
        }
    }
}

// A single page of streams needs no index.
void SegmentWriter::append_postings() {
    if (root_.stream_pages.size() < 2) {
        return;
    }
    const std::vector<Posting> postings = postings_of(streams_);
    for (std::size_t begin = 0; begin < postings.size();) {
        std::size_t end = begin;
        for (std::size_t bytes = 0; end < postings.size() && bytes < kPageBytes; ++end) {
            bytes += encoded_bytes(postings[end]);
        }
        const auto page = absl::MakeConstSpan(postings).subspan(begin, end - begin);
        root_.postings_pages.push_back(
            {append(codec::compress(encode_postings(page))),
             {std::string(page.front().name), std::string(page.front().value)}});
        begin = end;
    }
}

std::string SegmentWriter::finish() {
    close_block();
    LOGI_CHECK(!root_.blocks.empty());
    append_streams();
    append_statistics();
    append_postings();
    const Region root = append(codec::compress(encode_root(root_)));
    std::string footer;
    base::ByteWriter w(footer);
    w.u64(root.offset);
    w.u64(root.length);
    w.u32(root.crc);
    w.u32(kFormatVersion);
    w.u32(base::crc32c(footer));
    w.bytes(kMagic);
    LOGI_CHECK(footer.size() == kFooterBytes);
    out_.append(footer);
    return std::move(out_);
}

}  // namespace logi::segment
