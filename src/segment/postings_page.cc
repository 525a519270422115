#include "segment/postings_page.h"

#include "base/bytes.h"

#include <algorithm>
#include <tuple>

namespace logi::segment {
namespace {

void encode(const Posting& posting, base::ByteWriter& w) {
    w.string(posting.name);
    w.string(posting.value);
    w.varint(posting.runs.size());
    std::uint32_t end = 0;
    for (const StreamRun& run : posting.runs) {
        w.varint(run.first - end);
        w.varint(run.count - 1);
        end = run.first + run.count;
    }
}

bool decode(base::ByteReader& r, std::uint64_t streams, Posting& out) {
    out.name = r.string();
    out.value = r.string();
    std::uint64_t end = 0;
    for (std::uint64_t n = r.varint(); n > 0 && r.ok(); --n) {
        const std::uint64_t gap = r.varint();
        const std::uint64_t more = r.varint();
        if (gap >= streams - end || more >= streams - end - gap) {
            return false;
        }
        const std::uint64_t first = end + gap;
        end = first + more + 1;
        out.runs.push_back(
            {static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(more + 1)});
    }
    return r.ok();
}

}  // namespace

std::size_t PostingsPage::memory_bytes() const {
    std::size_t bytes = sizeof(PostingsPage) + text.size() + postings.size() * sizeof(Posting);
    for (const Posting& posting : postings) {
        bytes += posting.runs.size() * sizeof(StreamRun);
    }
    return bytes;
}

void PostingsPage::mark(const Matcher& matcher, std::vector<bool>& streams) const {
    const bool equal = matcher.op() == MatchOp::kEqual;
    const std::string_view from = equal ? std::string_view(matcher.value()) : std::string_view();
    auto it =
        std::lower_bound(postings.begin(),
                         postings.end(),
                         std::pair<std::string_view, std::string_view>(matcher.name(), from),
                         [](const Posting& p, const auto& key) {
                             return std::tie(p.name, p.value) < std::tie(key.first, key.second);
                         });
    for (; it != postings.end() && it->name == matcher.name(); ++it) {
        if (equal && it->value != matcher.value()) {
            break;
        }
        if (equal || matcher.matches(it->value)) {
            for (const StreamRun& run : it->runs) {
                std::fill_n(streams.begin() + run.first, run.count, true);
            }
        }
    }
}

std::vector<Posting> postings_of(absl::Span<const Labels> streams) {
    struct Place {
        std::string_view name;
        std::string_view value;
        std::uint32_t stream;
    };
    std::vector<Place> places;
    for (std::uint32_t i = 0; i < streams.size(); ++i) {
        for (const LabelPair& pair : streams[i].pairs()) {
            places.push_back({pair.name, pair.value, i});
        }
    }
    std::sort(places.begin(), places.end(), [](const Place& a, const Place& b) {
        return std::tie(a.name, a.value, a.stream) < std::tie(b.name, b.value, b.stream);
    });
    std::vector<Posting> postings;
    for (const Place& place : places) {
        if (postings.empty() || postings.back().name != place.name ||
            postings.back().value != place.value) {
            postings.push_back({place.name, place.value, {}});
        }
        auto& runs = postings.back().runs;
        if (!runs.empty() && runs.back().first + runs.back().count == place.stream) {
            ++runs.back().count;
        } else {
            runs.push_back({place.stream, 1});
        }
    }
    return postings;
}

std::string encode_postings(absl::Span<const Posting> postings) {
    std::string raw;
    base::ByteWriter w(raw);
    w.varint(postings.size());
    for (const Posting& posting : postings) {
        encode(posting, w);
    }
    return raw;
}

std::size_t encoded_bytes(const Posting& posting) {
    std::string raw;
    base::ByteWriter w(raw);
    encode(posting, w);
    return raw.size();
}

StatusOr<std::shared_ptr<const PostingsPage>> decode_postings(base::Buffer raw,
                                                              std::uint32_t streams) {
    auto page = std::make_shared<PostingsPage>();
    page->text = std::move(raw);
    base::ByteReader r(page->text.view());
    for (std::uint64_t n = r.varint(); n > 0 && r.ok(); --n) {
        Posting posting;
        if (!decode(r, streams, posting)) {
            return absl::DataLossError("postings");
        }
        if (!page->postings.empty() &&
            std::tie(page->postings.back().name, page->postings.back().value) >=
                std::tie(posting.name, posting.value)) {
            return absl::DataLossError("postings");
        }
        page->postings.push_back(std::move(posting));
    }
    if (!r.ok() || !r.done()) {
        return absl::DataLossError("postings");
    }
    return std::shared_ptr<const PostingsPage>(std::move(page));
}

}  // namespace logi::segment
