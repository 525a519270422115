#include "segment/directory.h"

#include "base/log.h"

#include <algorithm>

namespace logi::segment {
namespace {

template <typename T>
std::vector<std::shared_ptr<const T>> cast(const Pages& pages) {
    std::vector<std::shared_ptr<const T>> out;
    out.reserve(pages.size());
    for (const auto& page : pages) {
        out.push_back(std::static_pointer_cast<const T>(page));
    }
    return out;
}

}  // namespace

// Numbers in the cache: pages of streams, of their statistics, the head, and then postings, of
// which format 6 has none, but other pages of statistics.
PageRequest Directory::stream_request(std::uint32_t number) const {
    const StreamPagePlace& place = root_.stream_pages[number];
    return {number,
            place.region,
            "page of streams",
            [place, blocks = root_.blocks.size()](base::Buffer raw) {
                return decode_streams(std::move(raw), place.first_stream, place.streams, blocks);
            }};
}

PageRequest Directory::statistics_request(std::shared_ptr<const StreamPage> streams,
                                          std::size_t levels) const {
    const std::size_t number = root_.page_of(streams->first_stream);
    return {static_cast<std::uint32_t>(root_.stream_pages.size() + number),
            root_.statistics_pages[number],
            "page of statistics",
            [streams = std::move(streams),
             levels](base::Buffer raw) -> StatusOr<std::shared_ptr<const Page>> {
                auto page = std::make_shared<StatisticsPage>();
                LOGI_ASSIGN_OR_RETURN(page->counts,
                                      decode_counts(raw.view(), streams->extents, levels));
                return std::shared_ptr<const Page>(std::move(page));
            }};
}

PageRequest Directory::head_request() const {
    return {static_cast<std::uint32_t>(2 * root_.stream_pages.size()),
            root_.statistics_head,
            "head of statistics",
            [blocks = root_.blocks.size()](const base::Buffer& raw) {
                return decode_head(raw.view(), blocks);
            }};
}

PageRequest Directory::postings_request(std::uint32_t number) const {
    return {static_cast<std::uint32_t>(2 * root_.stream_pages.size() + 1 + number),
            root_.postings_pages[number].region,
            "page of postings",
            [streams = root_.streams](base::Buffer raw) {
                return decode_postings(std::move(raw), streams);
            }};
}

StatusOr<StreamPages> Directory::stream_pages(absl::Span<const std::uint32_t> numbers) const {
    if (all_streams_ != nullptr) {
        return StreamPages(numbers.size(), all_streams_);
    }
    std::vector<PageRequest> requests;
    for (const std::uint32_t number : numbers) {
        requests.push_back(stream_request(number));
    }
    LOGI_ASSIGN_OR_RETURN(const Pages pages, file_->pages(requests));
    return cast<StreamPage>(pages);
}

StatusOr<PostingsPages> Directory::postings_pages(absl::Span<const std::uint32_t> numbers) const {
    std::vector<PageRequest> requests;
    for (const std::uint32_t number : numbers) {
        requests.push_back(postings_request(number));
    }
    LOGI_ASSIGN_OR_RETURN(const Pages pages, file_->pages(requests));
    return cast<PostingsPage>(pages);
}

StatusOr<std::shared_ptr<const StatisticsHead>> Directory::statistics_head() const {
    if (root_.statistics_head.length == 0) {
        return nullptr;
    }
    const PageRequest request = head_request();
    LOGI_ASSIGN_OR_RETURN(const Pages pages, file_->pages({&request, 1}));
    return std::static_pointer_cast<const StatisticsHead>(pages.front());
}

StatusOr<StatisticsPages> Directory::statistics_pages(
    absl::Span<const std::shared_ptr<const StreamPage>> streams, const StatisticsHead& head) const {
    std::vector<PageRequest> requests;
    for (const auto& page : streams) {
        requests.push_back(statistics_request(page, head.levels.size()));
    }
    LOGI_ASSIGN_OR_RETURN(const Pages pages, file_->pages(requests));
    return cast<StatisticsPage>(pages);
}

StatusOr<std::shared_ptr<const OldStatisticsPage>> Directory::old_statistics(
    const OldStatisticsPlace& place) const {
    std::vector<std::vector<StreamExtent>> extents(place.blocks);
    for (const StreamExtent& e : all_streams_->extents) {  // in the order of the streams
        if (e.block >= place.first_block && e.block - place.first_block < place.blocks) {
            extents[e.block - place.first_block].push_back(e);
        }
    }
    const PageRequest request = {3 + place.first_block,
                                 place.region,
                                 "page of statistics",
                                 [&extents](const base::Buffer& raw) {
                                     return decode_old_statistics(raw.view(), extents);
                                 }};
    LOGI_ASSIGN_OR_RETURN(const Pages pages, file_->pages({&request, 1}));
    return std::static_pointer_cast<const OldStatisticsPage>(pages.front());
}

std::vector<std::uint32_t> Directory::postings_of(const Matcher& matcher) const {
    const auto& places = root_.postings_pages;
    const auto before = [](const LabelPair& pair, const PostingsPagePlace& place) {
        return pair < place.first;
    };
    const bool equal = matcher.op() == MatchOp::kEqual;
    const LabelPair from = {matcher.name(), equal ? matcher.value() : std::string()};
    // The last page that begins at or before it, and those after it that have the name.
    auto it = std::upper_bound(places.begin(), places.end(), from, before);
    std::vector<std::uint32_t> numbers;
    if (it != places.begin()) {
        --it;
    }
    for (; it != places.end(); ++it) {
        const bool later = equal ? from < it->first : matcher.name() < it->first.name;
        if (later) {
            break;
        }
        numbers.push_back(static_cast<std::uint32_t>(it - places.begin()));
    }
    return numbers;
}

std::uint64_t Directory::stored_bytes(absl::Span<const std::uint32_t> stream_pages) const {
    std::uint64_t bytes = 0;
    for (const std::uint32_t number : stream_pages) {
        bytes += root_.stream_pages[number].region.length;
    }
    return bytes;
}

Status Directory::narrow(const Matcher& matcher,
                         std::vector<std::uint32_t>& pages,
                         std::vector<bool>& streams) const {
    const std::vector<std::uint32_t> numbers = postings_of(matcher);
    std::uint64_t bytes = 0;
    for (const std::uint32_t number : numbers) {
        bytes += root_.postings_pages[number].region.length;
    }
    if (bytes >= stored_bytes(pages)) {
        return absl::OkStatus();
    }
    const auto postings = postings_pages(numbers);
    if (absl::IsDataLoss(postings.status())) {
        base::log_error("postings are damaged, streams are looked at instead",
                        {{"error", std::string(postings.status().message())}});
        return absl::OkStatus();
    }
    LOGI_RETURN_IF_ERROR(postings.status());
    std::vector<bool> matching(root_.streams, false);
    for (const auto& page : *postings) {
        page->mark(matcher, matching);
    }
    for (std::size_t i = 0; i < streams.size(); ++i) {
        streams[i] = streams[i] && matching[i];
    }
    std::erase_if(pages, [&](std::uint32_t number) {
        const StreamPagePlace& place = root_.stream_pages[number];
        const auto begin = streams.begin() + place.first_stream;
        const auto end = begin + place.streams;
        return std::find(begin, end, true) == end;
    });
    return absl::OkStatus();
}

StatusOr<std::vector<std::uint32_t>> Directory::candidates(const std::vector<Matcher>& matchers,
                                                           Timestamp first,
                                                           Timestamp last) const {
    std::vector<std::uint32_t> pages;
    for (std::uint32_t number = 0; number < root_.stream_pages.size(); ++number) {
        const StreamPagePlace& place = root_.stream_pages[number];
        if (place.min_time <= last && first <= place.max_time) {
            pages.push_back(number);
        }
    }
    if (root_.postings_pages.empty()) {
        return pages;
    }
    std::vector<bool> streams(root_.streams, true);
    // Those that name a value tell most for least.
    for (const bool equal : {true, false}) {
        for (const Matcher& matcher : matchers) {
            if ((matcher.op() == MatchOp::kEqual) == equal && !matcher.matches_empty()) {
                LOGI_RETURN_IF_ERROR(narrow(matcher, pages, streams));
            }
        }
    }
    return pages;
}

// Statistics need their streams and head, so that those come first.
void Directory::keep_pages(std::string_view bytes, std::uint64_t offset) const {
    if (all_streams_ != nullptr) {
        return;
    }
    const auto reaches = [offset](const Region& region) {
        return region.length > 0 && region.offset >= offset;
    };
    std::vector<std::uint32_t> streams;
    for (std::uint32_t i = 0; i < root_.stream_pages.size(); ++i) {
        if (reaches(root_.stream_pages[i].region)) {
            file_->keep(stream_request(i), bytes, offset);
            streams.push_back(i);
        }
    }
    for (std::uint32_t i = 0; i < root_.postings_pages.size(); ++i) {
        if (reaches(root_.postings_pages[i].region)) {
            file_->keep(postings_request(i), bytes, offset);
        }
    }
    if (streams.size() != root_.stream_pages.size() || !reaches(root_.statistics_head)) {
        return;
    }
    file_->keep(head_request(), bytes, offset);
    const auto head = statistics_head();
    const auto pages = stream_pages(streams);
    if (head.ok() && pages.ok()) {
        for (const auto& page : *pages) {
            file_->keep(statistics_request(page, (*head)->levels.size()), bytes, offset);
        }
    }
}

}  // namespace logi::segment
