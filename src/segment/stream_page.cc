#include "segment/stream_page.h"

#include "base/bytes.h"

#include <algorithm>
#include <tuple>

namespace logi::segment {
namespace {

class StreamPageDecoder {
  public:
    StreamPageDecoder(StreamPage& page, std::uint32_t streams, std::size_t blocks)
        : page_(page), r_(page.text.view()), streams_(streams), blocks_(blocks) {}

    bool decode() {
        return read_symbols() && read_labels() && read_ids() && read_extents() && r_.ok() &&
               r_.done();
    }

  private:
    bool read_symbols() {
        for (std::uint64_t n = r_.varint(); n > 0 && r_.ok(); --n) {
            const std::string_view name = r_.string();
            const std::string_view value = r_.string();
            page_.symbols.emplace_back(name, value);
        }
        return r_.ok();
    }

    bool read_labels() {
        for (std::uint32_t i = 0; i < streams_ && r_.ok(); ++i) {
            for (std::uint64_t k = r_.varint(); k > 0 && r_.ok(); --k) {
                const std::uint64_t symbol = r_.varint();
                if (symbol >= page_.symbols.size()) {
                    return false;
                }
                page_.stream_symbols.push_back(static_cast<std::uint32_t>(symbol));
            }
            page_.symbols_begin.push_back(static_cast<std::uint32_t>(page_.stream_symbols.size()));
        }
        return r_.ok();
    }

    bool read_ids() {
        for (std::uint32_t i = 0; i < streams_ && r_.ok(); ++i) {
            StreamId id;
            id.high = r_.u64();
            id.low = r_.u64();
            page_.ids.push_back(id);
        }
        return r_.ok();
    }

    bool read_extents() {
        std::int64_t before = 0;
        for (std::uint32_t i = 0; i < streams_; ++i) {
            std::uint64_t block = 0;  // that the next one has at least
            for (std::uint64_t n = r_.varint(); n > 0; --n) {
                StreamExtent e;
                const std::uint64_t skipped = r_.varint();
                if (!r_.ok() || skipped >= blocks_ - block) {
                    return false;
                }
                e.block = static_cast<std::uint32_t>(block + skipped);
                block = e.block + std::uint64_t{1};
                e.stream = page_.first_stream + i;
                e.rows = static_cast<std::uint32_t>(r_.varint());
                e.min_time = {before = add(before, r_.zigzag())};
                e.max_time = {add(before, r_.zigzag())};
                e.line_bytes = r_.varint();
                e.metadata_bytes = r_.varint();
                page_.extents.push_back(e);
            }
        }
        return r_.ok();
    }

    // Without overflow, whatever the bytes say.
    static std::int64_t add(std::int64_t a, std::int64_t b) {
        return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) +
                                         static_cast<std::uint64_t>(b));
    }

    StreamPage& page_;
    base::ByteReader r_;
    const std::uint32_t streams_;
    const std::size_t blocks_;
};

using Pair = std::pair<std::string_view, std::string_view>;

std::vector<Pair> distinct_pairs(absl::Span<const Labels> streams) {
    std::vector<Pair> pairs;
    for (const Labels& labels : streams) {
        for (const LabelPair& pair : labels.pairs()) {
            pairs.emplace_back(pair.name, pair.value);
        }
    }
    std::sort(pairs.begin(), pairs.end());
    pairs.erase(std::unique(pairs.begin(), pairs.end()), pairs.end());
    return pairs;
}

}  // namespace

std::size_t StreamPage::memory_bytes() const {
    return sizeof(StreamPage) + text.size() + symbols.size() * sizeof(symbols[0]) +
           ids.size() * sizeof(StreamId) + symbols_begin.size() * sizeof(std::uint32_t) +
           stream_symbols.size() * sizeof(std::uint32_t) + extents.size() * sizeof(StreamExtent);
}

Labels StreamPage::labels(std::uint32_t stream) const {
    const std::uint32_t i = stream - first_stream;
    std::vector<LabelPair> pairs;
    pairs.reserve(symbols_begin[i + 1] - symbols_begin[i]);
    for (std::uint32_t s = symbols_begin[i]; s < symbols_begin[i + 1]; ++s) {
        const auto& [name, value] = symbols[stream_symbols[s]];
        pairs.push_back({std::string(name), std::string(value)});
    }
    return Labels::from_pairs(std::move(pairs));
}

bool StreamPage::is_before(std::uint32_t stream, const Labels& labels) const {
    const std::uint32_t i = stream - first_stream;
    std::uint32_t s = symbols_begin[i];
    for (const LabelPair& pair : labels.pairs()) {
        if (s == symbols_begin[i + 1]) {
            return true;
        }
        const auto& [name, value] = symbols[stream_symbols[s++]];
        if (name != pair.name) {
            return name < pair.name;
        }
        if (value != pair.value) {
            return value < pair.value;
        }
    }
    return false;
}

std::vector<bool> StreamPage::matching(const std::vector<Matcher>& matchers) const {
    std::vector<bool> selected(ids.size(), true);
    // Per symbol: another label, this label and no match, or a match.
    enum Verdict : std::uint8_t { kOther, kNo, kYes };
    std::vector<Verdict> verdict(symbols.size());
    for (const Matcher& matcher : matchers) {
        for (std::size_t i = 0; i < symbols.size(); ++i) {
            verdict[i] = symbols[i].first != matcher.name()   ? kOther
                         : matcher.matches(symbols[i].second) ? kYes
                                                              : kNo;
        }
        const bool absent = matcher.matches_empty();
        for (std::size_t stream = 0; stream < ids.size(); ++stream) {
            bool matches = absent;
            for (std::uint32_t i = symbols_begin[stream]; i < symbols_begin[stream + 1]; ++i) {
                if (const Verdict v = verdict[stream_symbols[i]]; v != kOther) {
                    matches = v == kYes;
                }
            }
            selected[stream] = selected[stream] && matches;
        }
    }
    return selected;
}

std::size_t StreamPage::place(std::uint32_t stream, std::uint32_t block) const {
    const auto it = std::lower_bound(
        extents.begin(),
        extents.end(),
        std::tie(stream, block),
        [](const auto& e, const auto& key) { return std::tie(e.stream, e.block) < key; });
    return it != extents.end() && it->stream == stream && it->block == block
               ? static_cast<std::size_t>(it - extents.begin())
               : extents.size();
}

std::string encode_streams(absl::Span<const Labels> streams,
                           absl::Span<const StreamExtent> extents,
                           std::uint32_t first_stream) {
    std::string raw;
    base::ByteWriter w(raw);
    const std::vector<Pair> symbols = distinct_pairs(streams);
    w.varint(symbols.size());
    for (const auto& [name, value] : symbols) {
        w.string(name);
        w.string(value);
    }
    for (const Labels& labels : streams) {
        w.varint(labels.size());
        for (const LabelPair& pair : labels.pairs()) {
            const auto it =
                std::lower_bound(symbols.begin(), symbols.end(), Pair(pair.name, pair.value));
            w.varint(static_cast<std::uint64_t>(it - symbols.begin()));
        }
    }
    for (const Labels& labels : streams) {
        const StreamId id = labels.id();
        w.u64(id.high);
        w.u64(id.low);
    }
    std::int64_t before = 0;
    for (std::size_t i = 0; i < streams.size(); ++i) {
        const std::uint32_t stream = first_stream + static_cast<std::uint32_t>(i);
        const auto end = std::find_if(
            extents.begin(), extents.end(), [stream](const auto& e) { return e.stream != stream; });
        const auto count = static_cast<std::size_t>(end - extents.begin());
        w.varint(count);
        std::uint32_t block = 0;
        for (const StreamExtent& e : extents.first(count)) {
            w.varint(e.block - block);
            block = e.block + 1;
            w.varint(e.rows);
            w.zigzag(e.min_time.ns - before);
            before = e.min_time.ns;
            w.zigzag((e.max_time - e.min_time).ns);
            w.varint(e.line_bytes);
            w.varint(e.metadata_bytes);
        }
        extents.remove_prefix(count);
    }
    return raw;
}

StatusOr<std::shared_ptr<const StreamPage>> decode_streams(base::Buffer raw,
                                                           std::uint32_t first_stream,
                                                           std::uint32_t streams,
                                                           std::size_t blocks) {
    auto page = std::make_shared<StreamPage>();
    page->text = std::move(raw);
    page->first_stream = first_stream;
    if (!StreamPageDecoder(*page, streams, blocks).decode()) {
        return absl::DataLossError("streams");
    }
    return std::shared_ptr<const StreamPage>(std::move(page));
}

}  // namespace logi::segment
