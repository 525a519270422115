#include "segment/renumber.h"

#include "base/bytes.h"
#include "codec/compress.h"

namespace logi::segment {
namespace {

bool keeps_its_number(absl::Span<const std::uint32_t> ordinals,
                      std::uint32_t first,
                      std::uint32_t last) {
    for (std::uint32_t stream = first; stream <= last; ++stream) {
        if (ordinals[stream] != stream) {
            return false;
        }
    }
    return true;
}

// As block::BlockEncoder writes both: differences to the stream before.
std::string encode_streams(absl::Span<const std::uint32_t> streams,
                           absl::Span<const std::uint32_t> ordinals) {
    std::string raw;
    base::ByteWriter w(raw);
    std::uint32_t previous = 0;
    for (std::size_t i = 0; i < streams.size();) {
        std::size_t end = i + 1;
        while (end < streams.size() && streams[end] == streams[i]) {
            ++end;
        }
        w.varint(ordinals[streams[i]] - previous);
        w.varint(end - i);
        previous = ordinals[streams[i]];
        i = end;
    }
    return codec::compress(raw);
}

std::string encode_minutes(absl::Span<const block::MinuteStats> minutes,
                           absl::Span<const std::uint32_t> ordinals) {
    std::string raw;
    base::ByteWriter w(raw);
    std::uint32_t stream = 0;
    std::int64_t number = 0;
    for (const block::MinuteStats& minute : minutes) {
        w.varint(ordinals[minute.stream] - stream);
        w.zigzag(minute.number - number);
        w.varint(minute.rows);
        w.varint(minute.line_bytes);
        stream = ordinals[minute.stream];
        number = minute.number;
    }
    return codec::compress(raw);
}

}  // namespace

Status renumber_streams(const SegmentReader& segment,
                        std::uint32_t block,
                        absl::Span<const std::uint32_t> ordinals,
                        std::string& streams,
                        std::string& minutes) {
    const block::BlockStats& stats = segment.blocks()[block];
    if (keeps_its_number(ordinals, stats.first_stream, stats.last_stream)) {
        return absl::OkStatus();
    }
    LOGI_ASSIGN_OR_RETURN(const auto reader, segment.open_block(block));
    LOGI_ASSIGN_OR_RETURN(const auto rows, reader->streams());
    LOGI_ASSIGN_OR_RETURN(const auto stored_minutes, reader->minutes());
    streams = encode_streams(rows, ordinals);
    if (!stored_minutes.empty()) {
        minutes = encode_minutes(stored_minutes, ordinals);
    }
    return absl::OkStatus();
}

}  // namespace logi::segment
