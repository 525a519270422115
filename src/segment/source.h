// What a query reads from: a segment, or a generation of the head at one moment.
#pragma once

#include "absl/types/span.h"
#include "block/block.h"
#include "model/labels.h"
#include "model/matcher.h"
#include "segment/statistics.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace logi::segment {

// Immutable, shared, safe from any thread. Streams and blocks are numbered from 0.
class Source {
  public:
    virtual ~Source() = default;
    [[nodiscard]] virtual std::uint32_t stream_count() const = 0;
    [[nodiscard]] virtual Labels labels(std::uint32_t stream) const = 0;
    [[nodiscard]] virtual StreamId stream_id(std::uint32_t stream) const = 0;
    [[nodiscard]] virtual absl::Span<const block::BlockStats> blocks() const = 0;
    // Sorted by (stream, block).
    [[nodiscard]] virtual absl::Span<const StreamExtent> extents() const = 0;
    // The reader must not outlive the source, nor `bytes_read`, to which it adds what it reads of a
    // file; null: nobody asks.
    [[nodiscard]] virtual StatusOr<std::unique_ptr<block::BlockReader>> open_block(
        std::uint32_t block, std::uint64_t* bytes_read) const = 0;
    [[nodiscard]] StatusOr<std::unique_ptr<block::BlockReader>> open_block(
        std::uint32_t block) const {
        return open_block(block, nullptr);
    }
    // What is told of a block's rows without them; null if nothing is. Read when they are asked for
    // first. kDataLoss: they are damaged; the rows may not be.
    [[nodiscard]] virtual StatusOr<std::shared_ptr<const BlockStatistics>> statistics(
        std::uint32_t block) const {
        (void)block;
        return nullptr;
    }
    // Whether its rows are in memory, not in a file.
    [[nodiscard]] virtual bool in_memory() const { return false; }
    // For messages.
    [[nodiscard]] virtual std::string name() const = 0;
    // The streams that match, ascending.
    [[nodiscard]] virtual std::vector<std::uint32_t> select(
        const std::vector<Matcher>& matchers) const;
};

// Appends the extents of a block's rows, which are in a block's order, and, if somebody asks, how
// much each row adds to their metadata bytes.
void append_extents(absl::Span<const block::Row> rows,
                    std::uint32_t block,
                    std::vector<StreamExtent>& extents,
                    std::vector<std::uint64_t>* metadata_bytes = nullptr);

}  // namespace logi::segment
