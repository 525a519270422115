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

// As block::BlockEncoder writes it: differences to the stream before.
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

}  // namespace

Status renumber_streams(const SegmentReader& segment,
                        std::uint32_t block,
                        absl::Span<const std::uint32_t> ordinals,
                        std::string& streams) {
    const block::BlockStats& stats = segment.blocks()[block];
    if (keeps_its_number(ordinals, stats.first_stream, stats.last_stream)) {
        return absl::OkStatus();
    }
    LOGI_ASSIGN_OR_RETURN(const auto reader, segment.open_block(block));
    LOGI_ASSIGN_OR_RETURN(const auto rows, reader->streams());
    streams = encode_streams(rows, ordinals);
    return absl::OkStatus();
}

}  // namespace logi::segment
