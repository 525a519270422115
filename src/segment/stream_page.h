// Streams that follow each other in a segment's directory, with their extents (docs/format.md,
// "Directory").
#pragma once

#include "absl/types/span.h"
#include "base/buffer.h"
#include "base/status.h"
#include "model/labels.h"
#include "model/matcher.h"
#include "segment/page_cache.h"
#include "segment/stream_extent.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace logi::segment {

struct StreamPage final : Page {
    base::Buffer text;  // that symbols point into
    // Label pairs: name and value, which all are different.
    std::vector<std::pair<std::string_view, std::string_view>> symbols;
    std::uint32_t first_stream = 0;
    std::vector<StreamId> ids;                    // by stream, as the next two
    std::vector<std::uint32_t> symbols_begin{0};  // in stream_symbols; one more at the end
    std::vector<std::uint32_t> stream_symbols;
    std::vector<StreamExtent> extents;  // in the order (stream, block)

    [[nodiscard]] std::size_t memory_bytes() const override;
    // Numbers of streams are those of the segment.
    [[nodiscard]] bool has(std::uint32_t stream) const {
        return stream >= first_stream && stream - first_stream < ids.size();
    }
    [[nodiscard]] Labels labels(std::uint32_t stream) const;
    // Whether its labels come before these. Makes no copy of them: it is asked of all streams.
    [[nodiscard]] bool is_before(std::uint32_t stream, const Labels& labels) const;
    [[nodiscard]] StreamId id(std::uint32_t stream) const { return ids[stream - first_stream]; }
    // Whether each stream matches. A matcher is asked once per label pair.
    [[nodiscard]] std::vector<bool> matching(const std::vector<Matcher>& matchers) const;
    // Where the extent is among the page's; its size if it is not there.
    [[nodiscard]] std::size_t place(std::uint32_t stream, std::uint32_t block) const;
};

// As bytes, before compression. `extents` are those of the streams, in the order (stream, block).
[[nodiscard]] std::string encode_streams(absl::Span<const Labels> streams,
                                         absl::Span<const StreamExtent> extents,
                                         std::uint32_t first_stream);

// kDataLoss unless the bytes hold just `streams` streams, with extents in the first `blocks`
// blocks.
StatusOr<std::shared_ptr<const StreamPage>> decode_streams(base::Buffer raw,
                                                           std::uint32_t first_stream,
                                                           std::uint32_t streams,
                                                           std::size_t blocks);

}  // namespace logi::segment
