#include "segment/selection.h"

namespace logi::segment {

std::vector<std::uint32_t> SelectedStreams::matching(absl::Span<const std::uint32_t> streams,
                                                     const std::vector<Matcher>& matchers) const {
    std::vector<std::uint32_t> matching;
    for (const std::uint32_t stream : streams) {
        if (matches_all(matchers, labels(stream))) {
            matching.push_back(stream);
        }
    }
    return matching;
}

std::vector<std::vector<StreamExtent>> Selection::extents_by_block() const {
    std::vector<std::vector<StreamExtent>> by_block(blocks().size());
    for (const StreamExtent& e : extents_) {
        by_block[e.block].push_back(e);
    }
    return by_block;
}

std::vector<std::uint32_t> Selection::streams() const {
    std::vector<std::uint32_t> streams;
    for (const StreamExtent& e : extents_) {
        if (streams.empty() || streams.back() != e.stream) {
            streams.push_back(e.stream);
        }
    }
    return streams;
}

Labels Selection::labels(std::uint32_t stream) const {
    Labels labels = streams_->labels(stream);
    return relabelling_ == nullptr ? labels : relabelling_->labels(std::move(labels));
}

StreamId Selection::id(std::uint32_t stream) const {
    const StreamId id = streams_->id(stream);
    return relabelling_ == nullptr ? id : relabelling_->id(id);
}

StatusOr<std::unique_ptr<block::BlockReader>> Selection::open_block(
    std::uint32_t block, std::uint64_t* bytes_read) const {
    LOGI_ASSIGN_OR_RETURN(auto reader, holder_->open_block(block, bytes_read));
    return filter_ == nullptr ? std::move(reader) : filter_->visible(block, std::move(reader));
}

}  // namespace logi::segment
