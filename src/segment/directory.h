// The directory of a segment, page by page: which streams it has, where their entries are, and
// what statistics tell of them.
#pragma once

#include "absl/types/span.h"
#include "model/matcher.h"
#include "segment/paged_file.h"
#include "segment/postings_page.h"
#include "segment/root.h"
#include "segment/statistics_page.h"
#include "segment/stream_page.h"

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace logi::segment {

using StreamPages = std::vector<std::shared_ptr<const StreamPage>>;
using PostingsPages = std::vector<std::shared_ptr<const PostingsPage>>;
using StatisticsPages = std::vector<std::shared_ptr<const StatisticsPage>>;

// Thread-safe. Whatever returns a status: kDataLoss, with name and offset, if a page is damaged.
class Directory {
  public:
    // Of format 6 and older `all_streams` are given, the only page of the root.
    Directory(std::shared_ptr<const PagedFile> file,
              Root root,
              std::shared_ptr<const StreamPage> all_streams = nullptr)
        : file_(std::move(file)), root_(std::move(root)), all_streams_(std::move(all_streams)) {}

    [[nodiscard]] const Root& root() const { return root_; }

    // Pages by their numbers, ascending.
    [[nodiscard]] StatusOr<StreamPages> stream_pages(absl::Span<const std::uint32_t> numbers) const;
    [[nodiscard]] StatusOr<PostingsPages> postings_pages(
        absl::Span<const std::uint32_t> numbers) const;
    // The pages of streams that may have some that match, with entries from `first` to `last`, both
    // included. Where that saves more than it takes, postings are read for it.
    [[nodiscard]] StatusOr<std::vector<std::uint32_t>> candidates(
        const std::vector<Matcher>& matchers, Timestamp first, Timestamp last) const;

    // Null: there are none.
    [[nodiscard]] StatusOr<std::shared_ptr<const StatisticsHead>> statistics_head() const;
    // Of the extents of these pages, which ascend.
    [[nodiscard]] StatusOr<StatisticsPages> statistics_pages(
        absl::Span<const std::shared_ptr<const StreamPage>> streams,
        const StatisticsHead& head) const;
    // Of format 6: the page of the block; null if it has none.
    [[nodiscard]] StatusOr<std::shared_ptr<const OldStatisticsPage>> old_statistics(
        const OldStatisticsPlace& place) const;

    // Keeps the pages that lie in these bytes of the file, which begin at `offset`.
    void keep_pages(std::string_view bytes, std::uint64_t offset) const;

  private:
    [[nodiscard]] PageRequest stream_request(std::uint32_t number) const;
    [[nodiscard]] PageRequest postings_request(std::uint32_t number) const;
    [[nodiscard]] PageRequest head_request() const;
    [[nodiscard]] PageRequest statistics_request(std::shared_ptr<const StreamPage> streams,
                                                 std::size_t levels) const;
    [[nodiscard]] std::vector<std::uint32_t> postings_of(const Matcher& matcher) const;
    [[nodiscard]] std::uint64_t stored_bytes(absl::Span<const std::uint32_t> stream_pages) const;
    Status narrow(const Matcher& matcher,
                  std::vector<std::uint32_t>& pages,
                  std::vector<bool>& streams) const;

    const std::shared_ptr<const PagedFile> file_;
    const Root root_;
    const std::shared_ptr<const StreamPage> all_streams_;
};

}  // namespace logi::segment
