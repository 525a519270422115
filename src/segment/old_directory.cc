#include "segment/old_directory.h"

#include "absl/types/span.h"
#include "base/bytes.h"

#include <algorithm>

namespace logi::segment {
namespace {

class OldDirectoryDecoder {
  public:
    OldDirectoryDecoder(base::Buffer raw, std::uint32_t version)
        : version_(version), page_(std::make_shared<StreamPage>()) {
        page_->text = std::move(raw);
        r_ = base::ByteReader(page_->text.view());
    }

    StatusOr<OldDirectory> decode() {
        if (!read_streams() || !read_blocks() || !read_extents() ||
            (version_ >= 6 && !read_statistics_pages()) || !r_.ok() || !r_.done()) {
            return absl::DataLossError("directory");
        }
        StreamPagePlace place;
        place.streams = root_.streams;
        place.min_time = Timestamp::min();
        place.max_time = Timestamp::max();
        root_.stream_pages.push_back(place);
        return OldDirectory{std::move(root_), std::move(page_)};
    }

  private:
    bool read_streams() {
        for (std::uint64_t n = r_.varint(); n > 0 && r_.ok(); --n) {
            const std::string_view name = r_.string();
            const std::string_view value = r_.string();
            page_->symbols.emplace_back(name, value);
        }
        for (std::uint64_t n = r_.varint(); n > 0 && r_.ok(); --n) {
            StreamId id;
            id.high = r_.u64();
            id.low = r_.u64();
            page_->ids.push_back(id);
            for (std::uint64_t k = r_.varint(); k > 0 && r_.ok(); --k) {
                const std::uint64_t symbol = r_.varint();
                if (symbol >= page_->symbols.size()) {
                    return false;
                }
                page_->stream_symbols.push_back(static_cast<std::uint32_t>(symbol));
            }
            page_->symbols_begin.push_back(
                static_cast<std::uint32_t>(page_->stream_symbols.size()));
        }
        root_.streams = static_cast<std::uint32_t>(page_->ids.size());
        return r_.ok();
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
            for (Region& region : absl::MakeSpan(regions).first(columns_of(version_))) {
                region = read_region();
            }
            if (kind > (version_ < 4 ? block::kZstdLines : block::kTemplateLines) ||
                stats.first_stream > stats.last_stream || stats.last_stream >= root_.streams) {
                return false;
            }
            root_.blocks.push_back(stats);
            root_.forms.push_back({static_cast<block::LineKind>(kind), version_ < 5});
            root_.regions.push_back(regions);
        }
        return r_.ok();
    }

    Region read_region() {
        Region region;
        region.offset = r_.varint();
        region.length = r_.varint();
        region.crc = r_.u32();
        return region;
    }

    bool read_extents() {
        for (std::uint64_t n = r_.varint(); n > 0 && r_.ok(); --n) {
            StreamExtent e;
            e.block = static_cast<std::uint32_t>(r_.varint());
            e.stream = static_cast<std::uint32_t>(r_.varint());
            e.rows = static_cast<std::uint32_t>(r_.varint());
            e.min_time = {r_.zigzag()};
            e.max_time = e.min_time + Duration{r_.zigzag()};
            e.has_bytes = version_ > 1;
            if (e.has_bytes) {
                e.line_bytes = r_.varint();
                e.metadata_bytes = r_.varint();
            }
            if (e.block >= root_.blocks.size() || e.stream >= root_.streams) {
                return false;
            }
            page_->extents.push_back(e);
        }
        return r_.ok();
    }

    bool read_statistics_pages() {
        std::uint64_t blocks = 0;
        for (std::uint64_t n = r_.varint(); n > 0 && r_.ok(); --n) {
            const std::uint64_t count = r_.varint();
            OldStatisticsPlace page;
            page.region = read_region();
            if (count == 0 || count > root_.blocks.size() - blocks) {
                return false;
            }
            page.first_block = static_cast<std::uint32_t>(blocks);
            page.blocks = static_cast<std::uint32_t>(count);
            blocks += count;
            root_.old_statistics.push_back(page);
        }
        return r_.ok() && (blocks == 0 || blocks == root_.blocks.size());
    }

    const std::uint32_t version_;
    base::ByteReader r_{std::string_view()};
    Root root_;
    std::shared_ptr<StreamPage> page_;
};

}  // namespace

StatusOr<OldDirectory> decode_old_directory(base::Buffer raw, std::uint32_t version) {
    return OldDirectoryDecoder(std::move(raw), version).decode();
}

}  // namespace logi::segment
