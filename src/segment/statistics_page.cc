#include "segment/statistics_page.h"

#include "base/bytes.h"
#include "segment/count_rows.h"

namespace logi::segment {
namespace {

template <typename Write>
void for_each_extent(absl::Span<const BlockStatistics> blocks, Write write) {
    for (const BlockStatistics& block : blocks) {
        for (const ExtentCounts& extent : block.extents) {
            write(extent);
        }
    }
}

// All counts of extents but the last, which has the rest.
template <typename Value>
void write_all_but_last(absl::Span<const BlockStatistics> blocks,
                        base::ByteWriter& w,
                        Value value) {
    for_each_extent(blocks, [&](const ExtentCounts& extent) {
        for (std::size_t i = 0; i + 1 < extent.counts.size(); ++i) {
            w.varint(extent.counts[i].*value);
        }
    });
}

class Decoder {
  public:
    Decoder(std::string_view raw, absl::Span<const std::vector<StreamExtent>> extents)
        : r_(raw), extents_(extents), blocks_(extents.size()) {}

    StatusOr<std::vector<BlockStatistics>> decode() {
        if (!read_levels() || !read_names() || !read_sizes() || !read_buckets() ||
            !read_numbers(&LevelCount::rows, &StreamExtent::rows, 1) ||
            !read_numbers(&LevelCount::line_bytes, &StreamExtent::line_bytes, 0) ||
            !read_numbers(&LevelCount::metadata_bytes, &StreamExtent::metadata_bytes, 0) ||
            !r_.ok() || !r_.done()) {
            return absl::DataLossError("statistics");
        }
        return std::move(blocks_);
    }

  private:
    bool read_levels() {
        const std::uint64_t count = r_.varint();
        if (!r_.ok() || count > LevelNumbers::kLevelsMax) {
            return false;
        }
        auto levels = std::make_shared<std::vector<std::string>>();
        for (std::uint64_t i = 0; i < count; ++i) {
            levels->emplace_back(r_.string());
        }
        levels_end_ = kFirstLevel + static_cast<std::uint32_t>(count);
        for (BlockStatistics& block : blocks_) {
            block.levels = levels;
        }
        return r_.ok();
    }

    // One more than their number; 0: too many.
    bool read_names() {
        for (BlockStatistics& block : blocks_) {
            const std::uint64_t count = r_.varint();
            if (!r_.ok() || count > RowCounter::kNamesMax + 1) {
                return false;
            }
            if (count > 0) {
                block.names.emplace();
                for (std::uint64_t i = 1; i < count; ++i) {
                    block.names->emplace_back(r_.string());
                }
            }
        }
        return r_.ok();
    }

    // Of each extent how wide its buckets are, then how many counts there are.
    bool read_sizes() {
        for (std::size_t b = 0; b < blocks_.size(); ++b) {
            for (const StreamExtent& extent : extents_[b]) {
                const std::uint8_t width = r_.u8();
                if (width > kWholeBucket || (extent.rows == 0 && width != kNoBuckets)) {
                    return false;
                }
                blocks_[b].extents.push_back({extent.stream, static_cast<BucketWidth>(width), {}});
            }
        }
        return all_extents([this](ExtentCounts& counts, const StreamExtent& extent) {
            const std::uint64_t size = r_.varint();
            if (!r_.ok() || size == 0 || size > extent.rows || size > r_.left()) {
                return false;
            }
            counts.counts.resize(size);
            return true;
        });
    }

    bool read_buckets() {
        const bool read = all_extents([this](ExtentCounts& counts, const StreamExtent& extent) {
            std::int64_t bucket = bucket_of(extent.min_time, counts.width);
            const std::int64_t last = bucket_of(extent.max_time, counts.width);
            for (LevelCount& count : counts.counts) {
                const std::uint64_t difference = r_.varint();
                if (bucket > last || difference > static_cast<std::uint64_t>(last) -
                                                      static_cast<std::uint64_t>(bucket)) {
                    return false;
                }
                bucket += static_cast<std::int64_t>(difference);
                count.bucket = bucket;
            }
            return true;
        });
        return read && all_extents([this](ExtentCounts& counts, const StreamExtent&) {
                   const LevelCount* before = nullptr;
                   for (LevelCount& count : counts.counts) {
                       count.level = r_.u8();
                       if (count.level >= levels_end_ ||
                           (before != nullptr && before->bucket == count.bucket &&
                            before->level >= count.level)) {
                           return false;
                       }
                       before = &count;
                   }
                   return true;
               });
    }

    template <typename Number, typename Total>
    bool read_numbers(Number number, Total total, std::uint64_t least) {
        return all_extents([&](ExtentCounts& counts, const StreamExtent& extent) {
            std::uint64_t rest = extent.*total;
            for (LevelCount& count : counts.counts) {
                const std::uint64_t value = &count == &counts.counts.back() ? rest : r_.varint();
                if (value > rest || value < least) {
                    return false;
                }
                using Value = std::remove_reference_t<decltype(count.*number)>;
                count.*number = static_cast<Value>(value);
                rest -= value;
            }
            return true;
        });
    }

    // Of which something is told.
    template <typename Read>
    bool all_extents(Read read) {
        for (std::size_t b = 0; b < blocks_.size(); ++b) {
            for (std::size_t i = 0; i < blocks_[b].extents.size(); ++i) {
                ExtentCounts& counts = blocks_[b].extents[i];
                if (counts.width != kNoBuckets && !read(counts, extents_[b][i])) {
                    return false;
                }
            }
        }
        return r_.ok();
    }

    base::ByteReader r_;
    absl::Span<const std::vector<StreamExtent>> extents_;
    std::vector<BlockStatistics> blocks_;
    std::uint32_t levels_end_ = kFirstLevel;
};

}  // namespace

std::string encode_statistics(absl::Span<const BlockStatistics> blocks,
                              const std::vector<std::string>& levels) {
    std::string raw;
    base::ByteWriter w(raw);
    w.varint(levels.size());
    for (const std::string& level : levels) {
        w.string(level);
    }
    for (const BlockStatistics& block : blocks) {
        w.varint(block.names.has_value() ? block.names->size() + 1 : 0);
        for (const std::string& name : block.names.value_or(std::vector<std::string>())) {
            w.string(name);
        }
    }
    for_each_extent(blocks, [&](const ExtentCounts& extent) { w.u8(extent.width); });
    for_each_extent(blocks, [&](const ExtentCounts& extent) {
        if (extent.width != kNoBuckets) {
            w.varint(extent.counts.size());
        }
    });
    for_each_extent(blocks, [&](const ExtentCounts& extent) {
        for (std::size_t i = 0; i < extent.counts.size(); ++i) {
            const std::int64_t before = extent.counts[i == 0 ? 0 : i - 1].bucket;
            w.varint(static_cast<std::uint64_t>(extent.counts[i].bucket - before));
        }
    });
    for_each_extent(blocks, [&](const ExtentCounts& extent) {
        for (const LevelCount& count : extent.counts) {
            w.u8(static_cast<std::uint8_t>(count.level));
        }
    });
    write_all_but_last(blocks, w, &LevelCount::rows);
    write_all_but_last(blocks, w, &LevelCount::line_bytes);
    write_all_but_last(blocks, w, &LevelCount::metadata_bytes);
    return raw;
}

StatusOr<std::vector<BlockStatistics>> decode_statistics(
    std::string_view raw, absl::Span<const std::vector<StreamExtent>> extents) {
    return Decoder(raw, extents).decode();
}

}  // namespace logi::segment
