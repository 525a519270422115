#include "segment/check_directory.h"

#include "absl/strings/str_cat.h"

#include <algorithm>

namespace logi::segment {
namespace {

void add_page(PageKind& kind, const Region& region, const Status& status) {
    if (!status.ok()) {
        kind.damaged.push_back(static_cast<std::uint32_t>(kind.pages));
        kind.status.Update(status);
    }
    ++kind.pages;
    kind.bytes += region.length;
    kind.greatest = std::max(kind.greatest, region.length);
}

Status check_statistics_page(const Directory& directory, std::uint32_t number) {
    LOGI_ASSIGN_OR_RETURN(const auto head, directory.statistics_head());
    LOGI_ASSIGN_OR_RETURN(const auto streams, directory.stream_pages({&number, 1}));
    return directory.statistics_pages(streams, *head).status();
}

// The labels of all streams, in their order.
StatusOr<std::vector<Labels>> all_labels(const SegmentReader& segment) {
    std::vector<Labels> streams;
    for (std::uint32_t i = 0; i < segment.root().stream_pages.size(); ++i) {
        LOGI_ASSIGN_OR_RETURN(const auto pages, segment.directory().stream_pages({&i, 1}));
        const std::uint32_t first = pages[0]->first_stream;
        for (std::uint32_t k = 0; k < pages[0]->ids.size(); ++k) {
            streams.push_back(pages[0]->labels(first + k));
        }
    }
    return streams;
}

Status postings_differ(const SegmentReader& segment) {
    return absl::DataLossError(
        absl::StrCat(segment.name(), ": postings are not those of the streams"));
}

}  // namespace

std::vector<PageKind> check_pages(const SegmentReader& segment) {
    const Directory& directory = segment.directory();
    const Root& root = segment.root();
    std::vector<PageKind> kinds(3);
    kinds[0].name = "streams";
    for (std::uint32_t i = 0; i < root.stream_pages.size(); ++i) {
        add_page(kinds[0], root.stream_pages[i].region, directory.stream_pages({&i, 1}).status());
    }
    kinds[1].name = "statistics";
    for (std::uint32_t i = 0; i < root.statistics_pages.size(); ++i) {
        add_page(kinds[1], root.statistics_pages[i], check_statistics_page(directory, i));
    }
    for (const OldStatisticsPlace& place : root.old_statistics) {
        add_page(kinds[1], place.region, directory.old_statistics(place).status());
    }
    kinds[2].name = "postings";
    for (std::uint32_t i = 0; i < root.postings_pages.size(); ++i) {
        add_page(
            kinds[2], root.postings_pages[i].region, directory.postings_pages({&i, 1}).status());
    }
    return kinds;
}

Status check_postings(const SegmentReader& segment) {
    const Root& root = segment.root();
    if (root.postings_pages.empty()) {
        return absl::OkStatus();
    }
    LOGI_ASSIGN_OR_RETURN(const auto streams, all_labels(segment));
    const std::vector<Posting> expected = postings_of(streams);
    std::size_t next = 0;
    for (std::uint32_t i = 0; i < root.postings_pages.size(); ++i) {
        LOGI_ASSIGN_OR_RETURN(const auto pages, segment.directory().postings_pages({&i, 1}));
        const auto& [name, value] = root.postings_pages[i].first;
        for (const Posting& posting : pages[0]->postings) {
            const bool first = &posting == &pages[0]->postings.front();
            if (next == expected.size() || posting != expected[next++] ||
                (first && (posting.name != name || posting.value != value))) {
                return postings_differ(segment);
            }
        }
    }
    return next == expected.size() ? absl::OkStatus() : postings_differ(segment);
}

Status check_extents(const SegmentReader& segment,
                     absl::Span<const StreamExtent> extents,
                     block::BlockReader& block) {
    LOGI_ASSIGN_OR_RETURN(const auto streams, block.streams());
    LOGI_ASSIGN_OR_RETURN(const auto times, block.times());
    std::size_t row = 0;
    for (const StreamExtent& e : extents) {
        const std::size_t first = row;
        while (row < streams.size() && streams[row] == e.stream) {
            ++row;
        }
        if (row - first != e.rows || row == first || times[first] != e.min_time ||
            times[row - 1] != e.max_time) {
            row = streams.size() + 1;
            break;
        }
    }
    return row == streams.size() ? absl::OkStatus()
                                 : absl::DataLossError(absl::StrCat(
                                       segment.name(), ": extents are not those of the rows"));
}

}  // namespace logi::segment
