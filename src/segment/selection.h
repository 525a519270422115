// Some streams of a source: which blocks have entries of them, and what is told of them.
#pragma once

#include "segment/source.h"
#include "segment/stream_extent.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace logi::segment {

// What a source knows of the streams that were selected. Thread-safe.
class SelectedStreams {
  public:
    virtual ~SelectedStreams() = default;
    [[nodiscard]] virtual Labels labels(std::uint32_t stream) const = 0;
    [[nodiscard]] virtual StreamId id(std::uint32_t stream) const = 0;
    // Whether its labels come before these.
    [[nodiscard]] virtual bool is_before(std::uint32_t stream, const Labels& labels) const {
        return this->labels(stream) < labels;
    }
    // Of streams, ascending, those that match.
    [[nodiscard]] virtual std::vector<std::uint32_t> matching(
        absl::Span<const std::uint32_t> streams, const std::vector<Matcher>& matchers) const;
    // Of extents of one block, ascending by stream.
    [[nodiscard]] virtual StatusOr<std::optional<StatisticsView>> statistics(
        absl::Span<const StreamExtent> extents) const {
        (void)extents;
        return std::nullopt;
    }
};

// Streams with other labels than those that are stored.
class Relabelling {
  public:
    virtual ~Relabelling() = default;
    [[nodiscard]] virtual Labels labels(Labels stored) const = 0;
    [[nodiscard]] virtual StreamId id(StreamId stored) const = 0;
};

// Rows that are not to be seen.
class RowFilter {
  public:
    virtual ~RowFilter() = default;
    [[nodiscard]] virtual StatusOr<std::unique_ptr<block::BlockReader>> visible(
        std::uint32_t block, std::unique_ptr<block::BlockReader> reader) const = 0;
};

// Safe from any thread once nobody changes it any more. It may be moved, and then readers that it
// opened are lost.
class Selection {
  public:
    Selection(const BlockHolder& holder,
              std::shared_ptr<const SelectedStreams> streams,
              std::vector<StreamExtent> extents)
        : holder_(&holder), streams_(std::move(streams)), extents_(std::move(extents)) {}

    // Those of the streams, in the order (stream, block), without those out of the time.
    [[nodiscard]] absl::Span<const StreamExtent> extents() const { return extents_; }
    // The same by block, each ascending by stream.
    [[nodiscard]] std::vector<std::vector<StreamExtent>> extents_by_block() const;
    // The streams that have extents, ascending.
    [[nodiscard]] std::vector<std::uint32_t> streams() const;

    // Of streams that have extents.
    [[nodiscard]] Labels labels(std::uint32_t stream) const;
    [[nodiscard]] StreamId id(std::uint32_t stream) const;
    // As they are stored, whatever labels() shows; the order of streams is that of these.
    [[nodiscard]] Labels stored_labels(std::uint32_t stream) const {
        return streams_->labels(stream);
    }
    [[nodiscard]] bool is_stored_before(std::uint32_t stream, const Labels& labels) const {
        return streams_->is_before(stream, labels);
    }
    // By their stored labels.
    [[nodiscard]] std::vector<std::uint32_t> matching(const std::vector<Matcher>& matchers) const {
        return streams_->matching(streams(), matchers);
    }

    [[nodiscard]] absl::Span<const block::BlockStats> blocks() const { return holder_->blocks(); }
    [[nodiscard]] std::uint64_t stored_bytes(std::uint32_t block) const {
        return holder_->stored_bytes(block);
    }
    [[nodiscard]] bool in_memory() const { return holder_->in_memory(); }
    [[nodiscard]] std::string name() const { return holder_->name(); }
    // As BlockHolder::open_block(); the selection must outlive the reader, too.
    [[nodiscard]] StatusOr<std::unique_ptr<block::BlockReader>> open_block(
        std::uint32_t block, std::uint64_t* bytes_read = nullptr) const;

    void read_ahead(absl::Span<const std::uint32_t> blocks) const { holder_->read_ahead(blocks); }

    // What is told of the rows of some extents of one block, ascending by stream, without the rows.
    // Read when it is asked for first, and then kept as long as the selection. It counts for
    // extents that are exact. kDataLoss: it is damaged; the rows may not be.
    [[nodiscard]] StatusOr<std::optional<StatisticsView>> statistics(
        absl::Span<const StreamExtent> extents) const {
        return streams_->statistics(extents);
    }

    void relabel(std::shared_ptr<const Relabelling> relabelling) {
        relabelling_ = std::move(relabelling);
    }
    // Leaves only these of the extents.
    void leave(std::vector<StreamExtent> extents) { extents_ = std::move(extents); }
    // Leaves only those of the streams for which keeps(stream) is true; it is asked once for each.
    template <typename Keeps>
    void leave_streams(const Keeps& keeps) {
        std::vector<StreamExtent> left;
        std::optional<std::uint32_t> stream;
        bool kept = false;
        for (const StreamExtent& e : extents_) {
            if (stream != e.stream) {
                stream = e.stream;
                kept = keeps(e.stream);
            }
            if (kept) {
                left.push_back(e);
            }
        }
        extents_ = std::move(left);
    }
    // The blocks' readers are what the filter makes of them.
    void filter(std::shared_ptr<const RowFilter> filter) { filter_ = std::move(filter); }

  private:
    const BlockHolder* holder_;
    std::shared_ptr<const SelectedStreams> streams_;
    std::shared_ptr<const Relabelling> relabelling_;  // null: none
    std::shared_ptr<const RowFilter> filter_;         // null: all rows are seen
    std::vector<StreamExtent> extents_;
};

}  // namespace logi::segment
