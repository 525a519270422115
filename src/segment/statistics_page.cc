#include "segment/statistics_page.h"

#include "base/bytes.h"
#include "segment/count_rows.h"

namespace logi::segment {
namespace {

// All counts of extents but the last, which has the rest.
template <typename Value>
void write_all_but_last(absl::Span<const ExtentCounts* const> extents,
                        base::ByteWriter& w,
                        Value value) {
    for (const ExtentCounts* extent : extents) {
        for (std::size_t i = 0; i + 1 < extent->counts.size(); ++i) {
            w.varint(extent->counts[i].*value);
        }
    }
}

// The counts of extents.
class CountsDecoder {
  public:
    CountsDecoder(base::ByteReader& r, absl::Span<const StreamExtent> extents, std::size_t levels)
        : r_(r), extents_(extents), levels_end_(kFirstLevel + static_cast<std::uint32_t>(levels)) {}

    StatusOr<std::vector<ExtentCounts>> decode() {
        if (!read_sizes() || !read_buckets() ||
            !read_numbers(&LevelCount::rows, &StreamExtent::rows, 1) ||
            !read_numbers(&LevelCount::line_bytes, &StreamExtent::line_bytes, 0) ||
            !read_numbers(&LevelCount::metadata_bytes, &StreamExtent::metadata_bytes, 0) ||
            !r_.ok() || !r_.done()) {
            return absl::DataLossError("statistics");
        }
        return std::move(counts_);
    }

  private:
    // Of each extent how wide its buckets are, then how many counts there are.
    bool read_sizes() {
        counts_.reserve(extents_.size());
        for (const StreamExtent& extent : extents_) {
            const std::uint8_t width = r_.u8();
            if (width > kWholeBucket || (extent.rows == 0 && width != kNoBuckets)) {
                return false;
            }
            counts_.push_back({extent.stream, static_cast<BucketWidth>(width), {}});
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
                // The extent's first row is in its first bucket.
                if (&count == &counts.counts.front() && difference != 0) {
                    return false;
                }
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
        for (std::size_t i = 0; i < counts_.size(); ++i) {
            if (counts_[i].width != kNoBuckets && !read(counts_[i], extents_[i])) {
                return false;
            }
        }
        return r_.ok();
    }

    base::ByteReader& r_;
    const absl::Span<const StreamExtent> extents_;
    const std::uint32_t levels_end_;
    std::vector<ExtentCounts> counts_;
};

bool read_levels(base::ByteReader& r, std::vector<std::string>& levels) {
    const std::uint64_t count = r.varint();
    if (!r.ok() || count > LevelNumbers::kLevelsMax) {
        return false;
    }
    for (std::uint64_t i = 0; i < count; ++i) {
        levels.emplace_back(r.string());
    }
    return r.ok();
}

// One more than their number; 0: too many.
bool read_names(base::ByteReader& r, MetadataNames& names) {
    const std::uint64_t count = r.varint();
    if (!r.ok() || count > RowCounter::kNamesMax + 1) {
        return false;
    }
    if (count > 0) {
        names.emplace();
        for (std::uint64_t i = 1; i < count; ++i) {
            names->emplace_back(r.string());
        }
    }
    return r.ok();
}

bool read_head(base::ByteReader& r, std::size_t blocks, StatisticsHead& head) {
    if (!read_levels(r, head.levels)) {
        return false;
    }
    for (std::size_t i = 0; i < blocks; ++i) {
        if (!read_names(r, head.names.emplace_back())) {
            return false;
        }
    }
    return true;
}

}  // namespace

std::size_t StatisticsHead::memory_bytes() const {
    std::size_t bytes = sizeof(StatisticsHead) + names.size() * sizeof(MetadataNames);
    for (const MetadataNames& of_block : names) {
        bytes += of_block.has_value() ? of_block->size() * sizeof(std::string) : 0;
    }
    return bytes;
}

std::size_t bytes_of(absl::Span<const ExtentCounts> extents) {
    std::size_t bytes = extents.size() * sizeof(ExtentCounts);
    for (const ExtentCounts& extent : extents) {
        bytes += extent.counts.size() * sizeof(LevelCount);
    }
    return bytes;
}

std::string encode_head(const StatisticsHead& head) {
    std::string raw;
    base::ByteWriter w(raw);
    w.varint(head.levels.size());
    for (const std::string& level : head.levels) {
        w.string(level);
    }
    for (const MetadataNames& names : head.names) {
        w.varint(names.has_value() ? names->size() + 1 : 0);
        for (const std::string& name : names.value_or(std::vector<std::string>())) {
            w.string(name);
        }
    }
    return raw;
}

StatusOr<std::shared_ptr<const StatisticsHead>> decode_head(std::string_view raw,
                                                            std::size_t blocks) {
    base::ByteReader r(raw);
    auto head = std::make_shared<StatisticsHead>();
    if (!read_head(r, blocks, *head) || !r.done()) {
        return absl::DataLossError("statistics");
    }
    return std::shared_ptr<const StatisticsHead>(std::move(head));
}

std::string encode_counts(absl::Span<const ExtentCounts* const> extents) {
    std::string raw;
    base::ByteWriter w(raw);
    for (const ExtentCounts* extent : extents) {
        w.u8(extent->width);
    }
    for (const ExtentCounts* extent : extents) {
        if (extent->width != kNoBuckets) {
            w.varint(extent->counts.size());
        }
    }
    for (const ExtentCounts* extent : extents) {
        for (std::size_t i = 0; i < extent->counts.size(); ++i) {
            const std::int64_t before = extent->counts[i == 0 ? 0 : i - 1].bucket;
            w.varint(static_cast<std::uint64_t>(extent->counts[i].bucket - before));
        }
    }
    for (const ExtentCounts* extent : extents) {
        for (const LevelCount& count : extent->counts) {
            w.u8(static_cast<std::uint8_t>(count.level));
        }
    }
    write_all_but_last(extents, w, &LevelCount::rows);
    write_all_but_last(extents, w, &LevelCount::line_bytes);
    write_all_but_last(extents, w, &LevelCount::metadata_bytes);
    return raw;
}

StatusOr<std::vector<ExtentCounts>> decode_counts(std::string_view raw,
                                                  absl::Span<const StreamExtent> extents,
                                                  std::size_t levels) {
    base::ByteReader r(raw);
    return CountsDecoder(r, extents, levels).decode();
}

StatusOr<std::shared_ptr<const OldStatisticsPage>> decode_old_statistics(
    std::string_view raw, absl::Span<const std::vector<StreamExtent>> extents) {
    base::ByteReader r(raw);
    auto page = std::make_shared<OldStatisticsPage>();
    if (!read_head(r, extents.size(), page->head)) {
        return absl::DataLossError("statistics");
    }
    std::vector<StreamExtent> all;
    for (const auto& of_block : extents) {
        page->begin.push_back(all.size());
        all.insert(all.end(), of_block.begin(), of_block.end());
    }
    page->begin.push_back(all.size());
    LOGI_ASSIGN_OR_RETURN(page->counts, CountsDecoder(r, all, page->head.levels.size()).decode());
    return std::shared_ptr<const OldStatisticsPage>(std::move(page));
}

}  // namespace logi::segment
