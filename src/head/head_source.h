// A view of a generation at one moment, as a segment::Source.
#pragma once

#include "head/generation.h"

#include <memory>
#include <string>
#include <vector>

namespace logi::head {

class HeadSource final : public segment::Source {
  public:
    // The groups are sorted; every row's stream is an ordinal of `streams`.
    HeadSource(std::vector<std::shared_ptr<const HeadStream>> streams,
               std::vector<std::shared_ptr<const RowGroup>> groups,
               std::string name);

    [[nodiscard]] std::uint32_t stream_count() const override;
    [[nodiscard]] Labels labels(std::uint32_t stream) const override;
    [[nodiscard]] StreamId stream_id(std::uint32_t stream) const override;
    [[nodiscard]] absl::Span<const block::BlockStats> blocks() const override { return stats_; }
    [[nodiscard]] absl::Span<const segment::StreamExtent> extents() const override {
        return extents_;
    }
    using Source::open_block;
    [[nodiscard]] StatusOr<std::unique_ptr<block::BlockReader>> open_block(
        std::uint32_t block, std::uint64_t* bytes_read) const override;
    [[nodiscard]] bool in_memory() const override { return true; }
    [[nodiscard]] std::string name() const override { return name_; }

  private:
    std::vector<std::shared_ptr<const HeadStream>> streams_;
    std::vector<std::shared_ptr<const RowGroup>> groups_;
    std::vector<block::BlockStats> stats_;
    std::vector<segment::StreamExtent> extents_;
    std::string name_;
};

}  // namespace logi::head
