#include "segment/root.h"

#include "base/bytes.h"

#include <algorithm>

namespace logi::segment {
namespace {

void encode_region(const Region& region, base::ByteWriter& w) {
    w.varint(region.length);
    if (region.length > 0) {
        w.u32(region.crc);
    }
}

void encode_blocks(const Root& root, base::ByteWriter& w) {
    w.varint(root.blocks.size());
    for (std::size_t i = 0; i < root.blocks.size(); ++i) {
        const block::BlockStats& stats = root.blocks[i];
        w.u8(root.forms[i].line_kind);
        w.varint(stats.rows);
        w.varint(stats.line_bytes);
        w.i64(stats.min_time.ns);
        w.i64(stats.max_time.ns);
        w.varint(stats.first_stream);
        w.varint(stats.last_stream);
        for (const Region& region : root.regions[i]) {
            encode_region(region, w);
        }
    }
}

class RootDecoder {
  public:
    RootDecoder(std::string_view raw, std::uint64_t end) : r_(raw), end_(end) {}

    StatusOr<Root> decode() {
        if (!read_blocks() || !read_stream_pages() || !read_statistics() || !read_postings() ||
            !r_.ok() || !r_.done() || at_ != end_) {
            return absl::DataLossError("root");
        }
        return std::move(root_);
    }

  private:
    bool read_region(Region& region) {
        region.offset = at_;
        region.length = r_.varint();
        region.crc = region.length > 0 ? r_.u32() : 0;
        if (!r_.ok() || region.length > end_ - at_) {
            return false;
        }
        at_ += region.length;
        return true;
    }

    bool read_blocks() {
        for (std::uint64_t n = r_.varint(); n > 0 && r_.ok(); --n) {
            const std::uint8_t kind = r_.u8();
            block::BlockStats stats;
            stats.rows = static_cast<std::uint32_t>(r_.varint());
            stats.line_bytes = r_.varint();
            stats.min_time = {r_.i64()};
            stats.max_time = {r_.i64()};
            stats.first_stream = static_cast<std::uint32_t>(r_.varint());
            stats.last_stream = static_cast<std::uint32_t>(r_.varint());
            Regions regions;
            if (kind > block::kTemplateLines ||
                !std::all_of(regions.begin(), regions.end(), [this](Region& region) {
                    return read_region(region);
                })) {
                return false;
            }
            root_.blocks.push_back(stats);
            root_.forms.push_back({static_cast<block::LineKind>(kind), false});
            root_.regions.push_back(regions);
        }
        return r_.ok();
    }

    bool read_stream_pages() {
        std::uint64_t streams = 0;
        for (std::uint64_t n = r_.varint(); n > 0 && r_.ok(); --n) {
            StreamPagePlace page;
            const std::uint64_t count = r_.varint();
            page.min_time = {r_.i64()};
            page.max_time = {r_.i64()};
            if (count == 0 || count > kStreamsPerPageMax || !read_region(page.region)) {
                return false;
            }
            page.first_stream = static_cast<std::uint32_t>(streams);
            page.streams = static_cast<std::uint32_t>(count);
            streams += count;
            root_.stream_pages.push_back(page);
            if (streams > kStreamsMax) {
                return false;
            }
        }
        root_.streams = static_cast<std::uint32_t>(streams);
        return r_.ok() && std::all_of(root_.blocks.begin(), root_.blocks.end(), [&](const auto& b) {
                   return b.first_stream <= b.last_stream && b.last_stream < streams;
               });
    }

    bool read_statistics() {
        if (!read_region(root_.statistics_head)) {
            return false;
        }
        if (root_.statistics_head.length > 0) {
            root_.statistics_pages.resize(root_.stream_pages.size());
        }
        return std::all_of(root_.statistics_pages.begin(),
                           root_.statistics_pages.end(),
                           [this](Region& region) { return read_region(region); });
    }

    bool read_postings() {
        for (std::uint64_t n = r_.varint(); n > 0 && r_.ok(); --n) {
            PostingsPagePlace page;
            page.first.name = std::string(r_.string());
            page.first.value = std::string(r_.string());
            if (!read_region(page.region) || (!root_.postings_pages.empty() &&
                                              root_.postings_pages.back().first >= page.first)) {
                return false;
            }
            root_.postings_pages.push_back(std::move(page));
        }
        return r_.ok();
    }

    base::ByteReader r_;
    const std::uint64_t end_;
    std::uint64_t at_ = kHeaderBytes;  // where the next region begins
    Root root_;
};

}  // namespace

std::size_t Root::memory_bytes() const {
    std::size_t bytes = sizeof(Root);
    bytes += blocks.size() * (sizeof(block::BlockStats) + sizeof(block::BlockForm));
    bytes += regions.size() * sizeof(Regions);
    bytes += stream_pages.size() * sizeof(StreamPagePlace);
    bytes += statistics_pages.size() * sizeof(Region);
    for (const PostingsPagePlace& page : postings_pages) {
        bytes += sizeof(page) + page.first.name.size() + page.first.value.size();
    }
    return bytes;
}

std::uint64_t Root::statistics_bytes() const {
    std::uint64_t bytes = statistics_head.length;
    for (const Region& page : statistics_pages) {
        bytes += page.length;
    }
    for (const OldStatisticsPlace& page : old_statistics) {
        bytes += page.region.length;
    }
    return bytes;
}

std::size_t Root::page_of(std::uint32_t stream) const {
    const auto after = std::upper_bound(
        stream_pages.begin(),
        stream_pages.end(),
        stream,
        [](std::uint32_t s, const StreamPagePlace& page) { return s < page.first_stream; });
    return static_cast<std::size_t>(after - stream_pages.begin()) - 1;
}

std::string encode_root(const Root& root) {
    std::string raw;
    base::ByteWriter w(raw);
    encode_blocks(root, w);
    w.varint(root.stream_pages.size());
    for (const StreamPagePlace& page : root.stream_pages) {
        w.varint(page.streams);
        w.i64(page.min_time.ns);
        w.i64(page.max_time.ns);
        encode_region(page.region, w);
    }
    encode_region(root.statistics_head, w);
    for (const Region& page : root.statistics_pages) {
        encode_region(page, w);
    }
    w.varint(root.postings_pages.size());
    for (const PostingsPagePlace& page : root.postings_pages) {
        w.string(page.first.name);
        w.string(page.first.value);
        encode_region(page.region, w);
    }
    return raw;
}

StatusOr<Root> decode_root(std::string_view raw, std::uint64_t end) {
    if (end < kHeaderBytes) {
        return absl::DataLossError("root");
    }
    return RootDecoder(raw, end).decode();
}

}  // namespace logi::segment
