// Which streams of a segment have a label pair: an index of its pages of streams (docs/format.md,
// "Directory").
#pragma once

#include "absl/types/span.h"
#include "base/buffer.h"
#include "base/status.h"
#include "model/labels.h"
#include "model/matcher.h"
#include "segment/page_cache.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace logi::segment {

// Streams that follow each other.
struct StreamRun {
    std::uint32_t first = 0;
    std::uint32_t count = 0;
    friend bool operator==(const StreamRun&, const StreamRun&) = default;
};

// A label pair, and the streams that have it, ascending.
struct Posting {
    std::string_view name;
    std::string_view value;
    std::vector<StreamRun> runs;
    friend bool operator==(const Posting&, const Posting&) = default;
};

struct PostingsPage final : Page {
    base::Buffer text;              // that names and values point into
    std::vector<Posting> postings;  // ascending by (name, value)

    [[nodiscard]] std::size_t memory_bytes() const override;
    // Marks the streams that have a pair that matches.
    void mark(const Matcher& matcher, std::vector<bool>& streams) const;
};

// Of all streams, in the order of a page's.
[[nodiscard]] std::vector<Posting> postings_of(absl::Span<const Labels> streams);

// As bytes, before compression.
[[nodiscard]] std::string encode_postings(absl::Span<const Posting> postings);
// How many bytes that takes of one.
[[nodiscard]] std::size_t encoded_bytes(const Posting& posting);

// kDataLoss unless the bytes are postings of the first `streams` streams.
StatusOr<std::shared_ptr<const PostingsPage>> decode_postings(base::Buffer raw,
                                                              std::uint32_t streams);

}  // namespace logi::segment
