// The pages of a directory that streams were selected from, held as long as the selection.
#pragma once

#include "base/mutex.h"
#include "segment/directory.h"
#include "segment/selection.h"

#include <memory>
#include <vector>

namespace logi::segment {

class SelectedPages final : public SelectedStreams {
  public:
    // The directory must outlive it. The pages ascend.
    SelectedPages(const Directory& directory, StreamPages pages);

    [[nodiscard]] Labels labels(std::uint32_t stream) const override;
    [[nodiscard]] StreamId id(std::uint32_t stream) const override;
    [[nodiscard]] bool is_before(std::uint32_t stream, const Labels& labels) const override;
    [[nodiscard]] std::vector<std::uint32_t> matching(
        absl::Span<const std::uint32_t> streams,
        const std::vector<Matcher>& matchers) const override;
    [[nodiscard]] StatusOr<std::optional<StatisticsView>> statistics(
        absl::Span<const StreamExtent> extents) const override;

  private:
    // The number of the stream's page among those held.
    [[nodiscard]] std::size_t page_of(std::uint32_t stream) const;
    [[nodiscard]] StatusOr<std::optional<StatisticsView>> old_statistics(
        absl::Span<const StreamExtent> extents) const;
    // Those of the pages from `first` to `last`, both included.
    [[nodiscard]] StatusOr<StatisticsPages> statistics_of(std::size_t first,
                                                          std::size_t last) const;

    const Directory& directory_;
    const StreamPages pages_;
    mutable base::Mutex mutex_;
    // One per page; null: not asked for so far. Read without the lock, perhaps by two at once.
    mutable StatisticsPages statistics_ LOGI_GUARDED_BY(mutex_);
};

}  // namespace logi::segment
