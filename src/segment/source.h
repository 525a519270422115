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

class Selection;

// Immutable, shared, safe from any thread.
class Source {
  public:
    virtual ~Source() = default;
    // The streams that match and may have entries from `first` to `last`, both included. The
    // source must outlive it. kDataLoss, with name and offset, if what tells it is damaged.
    [[nodiscard]] virtual StatusOr<Selection> select(const std::vector<Matcher>& matchers,
                                                     Timestamp first,
                                                     Timestamp last) const = 0;
    // All streams that have entries.
    [[nodiscard]] StatusOr<Selection> select_all() const;
};

// Where blocks lie; they are numbered from 0, and so are streams.
class BlockHolder : public Source {
  public:
    [[nodiscard]] virtual absl::Span<const block::BlockStats> blocks() const = 0;
    // The reader must not outlive the holder, nor `bytes_read`, to which it adds what it reads of a
    // file; null: nobody asks.
    [[nodiscard]] virtual StatusOr<std::unique_ptr<block::BlockReader>> open_block(
        std::uint32_t block, std::uint64_t* bytes_read) const = 0;
    [[nodiscard]] StatusOr<std::unique_ptr<block::BlockReader>> open_block(
        std::uint32_t block) const {
        return open_block(block, nullptr);
    }
    // What the block takes where it is stored, about.
    [[nodiscard]] virtual std::uint64_t stored_bytes(std::uint32_t block) const {
        return blocks()[block].line_bytes;
    }
    // These blocks, ascending, are going to be opened.
    virtual void read_ahead(absl::Span<const std::uint32_t> blocks) const { (void)blocks; }
    // Whether its rows are in memory, not in a file.
    [[nodiscard]] virtual bool in_memory() const { return false; }
    // For messages.
    [[nodiscard]] virtual std::string name() const = 0;
};

// Appends the extents of a block's rows, which are in a block's order, and, if somebody asks, how
// much each row adds to their metadata bytes.
void append_extents(absl::Span<const block::Row> rows,
                    std::uint32_t block,
                    std::vector<StreamExtent>& extents,
                    std::vector<std::uint64_t>* metadata_bytes = nullptr);

}  // namespace logi::segment
