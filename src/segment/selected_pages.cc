#include "segment/selected_pages.h"

#include "base/check.h"

#include <algorithm>

namespace logi::segment {

SelectedPages::SelectedPages(const Directory& directory, StreamPages pages)
    : directory_(directory), pages_(std::move(pages)), statistics_(pages_.size()) {}

std::size_t SelectedPages::page_of(std::uint32_t stream) const {
    const auto after = std::upper_bound(
        pages_.begin(), pages_.end(), stream, [](std::uint32_t s, const auto& page) {
            return s < page->first_stream;
        });
    LOGI_CHECK(after != pages_.begin());
    const auto number = static_cast<std::size_t>(after - pages_.begin()) - 1;
    LOGI_CHECK(pages_[number]->has(stream));
    return number;
}

Labels SelectedPages::labels(std::uint32_t stream) const {
    return pages_[page_of(stream)]->labels(stream);
}

StreamId SelectedPages::id(std::uint32_t stream) const {
    return pages_[page_of(stream)]->id(stream);
}

bool SelectedPages::is_before(std::uint32_t stream, const Labels& labels) const {
    return pages_[page_of(stream)]->is_before(stream, labels);
}

std::vector<std::uint32_t> SelectedPages::matching(absl::Span<const std::uint32_t> streams,
                                                   const std::vector<Matcher>& matchers) const {
    std::vector<std::uint32_t> matching;
    const StreamPage* page = nullptr;
    std::vector<bool> matches;  // by stream of the page
    for (const std::uint32_t stream : streams) {
        if (page == nullptr || !page->has(stream)) {
            page = pages_[page_of(stream)].get();
            matches = page->matching(matchers);
        }
        if (matches[stream - page->first_stream]) {
            matching.push_back(stream);
        }
    }
    return matching;
}

StatusOr<StatisticsPages> SelectedPages::statistics_of(std::size_t first, std::size_t last) const {
    const std::size_t count = last - first + 1;
    StatisticsPages found;
    {
        const base::MutexLock lock(mutex_);
        const auto held = absl::MakeConstSpan(statistics_).subspan(first, count);
        found.assign(held.begin(), held.end());
    }
    StreamPages missing;
    for (std::size_t i = 0; i < count; ++i) {
        if (found[i] == nullptr) {
            missing.push_back(pages_[first + i]);
        }
    }
    if (missing.empty()) {
        return found;
    }
    LOGI_ASSIGN_OR_RETURN(const auto head, directory_.statistics_head());
    LOGI_ASSIGN_OR_RETURN(const auto read, directory_.statistics_pages(missing, *head));
    auto next = read.begin();
    for (auto& page : found) {
        page = page == nullptr ? *next++ : page;
    }
    const base::MutexLock lock(mutex_);
    std::copy(found.begin(), found.end(), statistics_.begin() + static_cast<std::ptrdiff_t>(first));
    return found;
}

StatusOr<std::optional<StatisticsView>> SelectedPages::statistics(
    absl::Span<const StreamExtent> extents) const {
    if (!directory_.root().old_statistics.empty()) {
        return old_statistics(extents);
    }
    if (extents.empty() || directory_.root().statistics_pages.empty()) {
        return std::nullopt;
    }
    LOGI_ASSIGN_OR_RETURN(auto head, directory_.statistics_head());
    const std::size_t first = page_of(extents.front().stream);
    LOGI_ASSIGN_OR_RETURN(const StatisticsPages statistics,
                          statistics_of(first, page_of(extents.back().stream)));
    StatisticsView view;
    std::size_t number = first;
    for (const StreamExtent& e : extents) {
        while (!pages_[number]->has(e.stream)) {
            ++number;
        }
        const std::size_t place = pages_[number]->place(e.stream, e.block);
        LOGI_CHECK(place < pages_[number]->extents.size());
        view.extents.push_back(&statistics[number - first]->counts[place]);
    }
    view.names = &head->names[extents.front().block];
    view.levels = &head->levels;
    view.held.assign(statistics.begin(), statistics.end());
    view.held.push_back(std::move(head));
    return view;
}

StatusOr<std::optional<StatisticsView>> SelectedPages::old_statistics(
    absl::Span<const StreamExtent> extents) const {
    const auto& places = directory_.root().old_statistics;
    if (extents.empty()) {
        return std::nullopt;
    }
    const std::uint32_t block = extents.front().block;
    const auto after = std::upper_bound(
        places.begin(), places.end(), block, [](std::uint32_t b, const auto& place) {
            return b < place.first_block;
        });
    const OldStatisticsPlace& place = *std::prev(after);
    LOGI_ASSIGN_OR_RETURN(auto page, directory_.old_statistics(place));
    // In the order (block, stream), as extents are that are asked for.
    StatisticsView view;
    const auto& of_block = page->of_block(block - place.first_block);
    for (const StreamExtent& e : extents) {
        const auto it = std::lower_bound(
            of_block.begin(), of_block.end(), e.stream, [](const auto& counts, std::uint32_t s) {
                return counts.stream < s;
            });
        if (it != of_block.end() && it->stream == e.stream) {
            view.extents.push_back(&*it);
        }
    }
    view.names = &page->head.names[block - place.first_block];
    view.levels = &page->head.levels;
    view.held.push_back(std::move(page));
    return view;
}

}  // namespace logi::segment
