#include "base/bytes.h"
#include "base/check.h"
#include "block/block_format.h"
#include "block/line_encoder.h"
#include "block/metadata_columns.h"
#include "block/times_column.h"
#include "codec/compress.h"

namespace logi::block {
namespace {

// Runs of one stream: (difference to the stream before, rows).
std::string encode_streams(absl::Span<const Row> rows) {
    std::string raw;
    base::ByteWriter w(raw);
    std::uint32_t previous = 0;
    for (std::size_t i = 0; i < rows.size();) {
        std::size_t end = i + 1;
        while (end < rows.size() && rows[end].stream == rows[i].stream) {
            ++end;
        }
        w.varint(rows[i].stream - previous);
        w.varint(end - i);
        previous = rows[i].stream;
        i = end;
    }
    return raw;
}

std::string encode_sequences(absl::Span<const Row> rows) {
    std::string raw;
    base::ByteWriter w(raw);
    Sequence previous;
    for (const Row& row : rows) {
        w.zigzag(static_cast<std::int64_t>(row.sequence.journal - previous.journal));
        w.zigzag(static_cast<std::int64_t>(row.sequence.position - previous.position));
        w.zigzag(static_cast<std::int64_t>(row.sequence.index) -
                 static_cast<std::int64_t>(previous.index));
        previous = row.sequence;
    }
    return raw;
}

BlockStats stats_of(absl::Span<const Row> rows) {
    BlockStats stats;
    stats.rows = static_cast<std::uint32_t>(rows.size());
    stats.min_time = Timestamp::max();
    stats.max_time = Timestamp::min();
    stats.first_stream = rows.front().stream;
    stats.last_stream = rows.back().stream;
    for (const Row& row : rows) {
        stats.line_bytes += row.line.size();
        stats.min_time = std::min(stats.min_time, row.time);
        stats.max_time = std::max(stats.max_time, row.time);
    }
    return stats;
}

void encode_zstd_lines(absl::Span<const Row> rows, EncodedBlock& block) {
    std::string lengths;
    std::string lines;
    lines.reserve(block.stats.line_bytes);
    base::ByteWriter w(lengths);
    for (const Row& row : rows) {
        w.varint(row.line.size());
        lines.append(row.line);
    }
    block.columns[kLineLengths] = codec::compress(lengths);
    block.columns[kLines] = codec::compress(lines, kTextLevel);
}

}  // namespace

BlockEncoder::BlockEncoder()
    : lines_(std::make_unique<LineEncoder>()), metadata_(std::make_unique<MetadataEncoder>()) {}
BlockEncoder::~BlockEncoder() = default;

EncodedBlock BlockEncoder::encode(absl::Span<const Row> rows) {
    LOGI_CHECK(!rows.empty());
    EncodedBlock block;
    block.stats = stats_of(rows);
    block.columns[kStreams] = codec::compress(encode_streams(rows));
    block.columns[kTimes] = encode_times(rows);
    block.columns[kSequences] = codec::compress(encode_sequences(rows));
    if (auto lines = lines_->encode(rows)) {
        block.form.line_kind = kTemplateLines;
        block.columns[kLines] = std::move(lines->data);
        block.columns[kTree] = lines->packed_tree();
    } else {
        encode_zstd_lines(rows, block);
    }
    if (auto metadata = metadata_->encode(rows)) {
        block.columns[kMetadata] = metadata->packed_tree();
        block.columns[kMetadataParts] = std::move(metadata->data);
    }
    return block;
}

}  // namespace logi::block
