// What was read of a block once and saves its next readers to read it again.
#pragma once

#include "base/buffer.h"
#include "block/block_format.h"

#include <cstddef>
#include <functional>
#include <memory>

namespace logi::block {

// Immutable, safe from any thread.
class Kept {
  public:
    Kept() = default;
    Kept(const Kept&) = delete;
    Kept& operator=(const Kept&) = delete;
    virtual ~Kept() = default;
    // What it takes, about, also once all is parsed that is parsed when it is asked for.
    [[nodiscard]] virtual std::size_t memory_bytes() const = 0;
};

// Of a column's bytes once they are decompressed; kDataLoss if they are malformed.
using MakeKept = std::function<StatusOr<std::shared_ptr<const Kept>>(base::Buffer raw)>;

// A source that keeps, within a bound, what was made of columns.
class KeepingSource : public BlockSource {
  public:
    // What was made of the column before, by any reader of the block, or is made now. kDataLoss
    // says that the column is damaged.
    [[nodiscard]] virtual StatusOr<std::shared_ptr<const Kept>> kept(
        Column column, const MakeKept& make) const = 0;
};

// The same of any source.
StatusOr<std::shared_ptr<const Kept>> kept_by(const BlockSource& source,
                                              Column column,
                                              const MakeKept& make);

}  // namespace logi::block
