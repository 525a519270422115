// A view of a generation at one moment, as queries read it.
#pragma once

#include "head/generation.h"
#include "segment/selection.h"

#include <memory>
#include <string>
#include <vector>

namespace logi::head {

class HeadSource final : public segment::BlockHolder {
  public:
    // The groups are sorted; every row's stream is an ordinal of `streams`.
    HeadSource(std::vector<std::shared_ptr<const HeadStream>> streams,
               std::vector<std::shared_ptr<const RowGroup>> groups,
               std::string name);

    [[nodiscard]] StatusOr<segment::Selection> select(const std::vector<Matcher>& matchers,
                                                      Timestamp first,
                                                      Timestamp last) const override;
    [[nodiscard]] absl::Span<const block::BlockStats> blocks() const override { return stats_; }
    using BlockHolder::open_block;
    [[nodiscard]] StatusOr<std::unique_ptr<block::BlockReader>> open_block(
        std::uint32_t block, std::uint64_t* bytes_read) const override;
    [[nodiscard]] bool in_memory() const override { return true; }
    [[nodiscard]] std::string name() const override { return name_; }

  private:
    std::vector<std::shared_ptr<const HeadStream>> streams_;
    std::vector<std::shared_ptr<const RowGroup>> groups_;
    std::vector<block::BlockStats> stats_;
    std::vector<segment::StreamExtent> extents_;  // in the order (stream, block)
    std::string name_;
};

// Reads a group, whose rows are sorted by (stream, time, sequence); its extents are not looked at.
std::unique_ptr<block::BlockReader> read_group(std::shared_ptr<const RowGroup> group);

}  // namespace logi::head
