#include "segment/count_rows.h"

#include "block/metadata_size.h"
#include "fields/level.h"

#include <algorithm>
#include <tuple>

namespace logi::segment {
namespace {

// An extent's only count takes hardly a byte: it goes when so many fewer rows than others have.
constexpr std::uint64_t kFirstCountWeight = 64;

std::uint64_t rows_of(const ExtentCounts& extent) {
    std::uint64_t rows = 0;
    for (const LevelCount& count : extent.counts) {
        rows += count.rows;
    }
    return rows;
}

bool same_place(const LevelCount& a, const LevelCount& b) {
    return a.bucket == b.bucket && a.level == b.level;
}

void sort_counts(std::vector<LevelCount>& counts) {
    std::sort(counts.begin(), counts.end(), [](const LevelCount& a, const LevelCount& b) {
        return std::tie(a.bucket, a.level) < std::tie(b.bucket, b.level);
    });
}

}  // namespace

std::uint32_t LevelNumbers::number(std::string_view level) {
    const auto it = std::find(names_.begin(), names_.end(), level);
    const auto index = static_cast<std::uint32_t>(it - names_.begin());
    if (it == names_.end()) {
        if (names_.size() >= kLevelsMax) {
            return kOtherLevel;
        }
        names_.emplace_back(level);
    }
    return kFirstLevel + index;
}

std::uint32_t LevelNumbers::of(absl::Span<const MetadataView> metadata) {
    std::uint32_t level = kNoLevel;
    for (const MetadataView& pair : metadata) {
        if (pair.name == fields::kDetectedLevel) {
            level = level == kNoLevel ? number(pair.value) : kOtherLevel;
        }
    }
    return level;
}

void RowCounter::add_names(absl::Span<const MetadataView> metadata) {
    before_.resize(std::min(before_.size(), metadata.size()));
    for (std::size_t i = 0; i < metadata.size(); ++i) {
        const std::string_view name = metadata[i].name;
        if (i == before_.size()) {
            before_.push_back(name);
        } else if (before_[i] == name) {
            continue;
        }
        before_[i] = name;
        if (name != fields::kDetectedLevel && names_.size() <= kNamesMax) {
            names_.insert(name);
        }
    }
}

void RowCounter::close_extent() {
    if (!out_.extents.empty()) {
        sort_counts(out_.extents.back().counts);
    }
}

void RowCounter::add(std::uint32_t stream,
                     Timestamp time,
                     std::uint64_t line_bytes,
                     absl::Span<const MetadataView> metadata,
                     std::uint64_t metadata_bytes) {
    add_names(metadata);
    if (out_.extents.empty() || out_.extents.back().stream != stream) {
        close_extent();
        out_.extents.push_back({stream, kMinuteBuckets, {}});
        bucket_begin_ = 0;
    }
    std::vector<LevelCount>& counts = out_.extents.back().counts;
    const std::int64_t bucket = bucket_of(time, kMinuteBuckets);
    if (!counts.empty() && counts.back().bucket != bucket) {
        bucket_begin_ = counts.size();
    }
    const std::uint32_t level = levels_.of(metadata);
    auto it = std::find_if(counts.begin() + static_cast<std::ptrdiff_t>(bucket_begin_),
                           counts.end(),
                           [&](const LevelCount& c) { return c.level == level; });
    if (it == counts.end()) {
        it = counts.insert(it, {bucket, level, 0, 0, 0});
    }
    ++it->rows;
    it->line_bytes += line_bytes;
    it->metadata_bytes += metadata_bytes;
}

BlockStatistics RowCounter::finish() {
    close_extent();
    if (names_.size() <= kNamesMax) {
        out_.names.emplace(names_.begin(), names_.end());
        std::sort(out_.names->begin(), out_.names->end());
    }
    return std::move(out_);
}

StatusOr<BlockStatistics> count_rows(block::BlockReader& block, std::vector<std::string> names) {
    LOGI_ASSIGN_OR_RETURN(const auto streams, block.streams());
    LOGI_ASSIGN_OR_RETURN(const auto times, block.times());
    LOGI_ASSIGN_OR_RETURN(const auto lengths, block.line_lengths());
    LevelNumbers levels(std::move(names));
    RowCounter counter(levels);
    block::MetadataSize size;
    std::vector<MetadataView> metadata;
    for (std::uint32_t row = 0; row < times.size(); ++row) {
        if (row > 0 && streams[row] != streams[row - 1]) {
            size.clear();
        }
        LOGI_RETURN_IF_ERROR(block.metadata(row, metadata));
        counter.add(streams[row], times[row], lengths[row], metadata, size.add(metadata));
    }
    BlockStatistics counted = counter.finish();
    counted.levels = levels.names();
    return counted;
}

void settle(ExtentCounts& extent) {
    std::vector<LevelCount>& counts = extent.counts;
    sort_counts(counts);
    std::size_t kept = 0;
    for (std::size_t i = 1; i < counts.size(); ++i) {
        const LevelCount count = counts[i];
        if (LevelCount& last = counts[kept]; same_place(last, count)) {
            last.rows += count.rows;
            last.line_bytes += count.line_bytes;
            last.metadata_bytes += count.metadata_bytes;
        } else {
            counts[++kept] = count;
        }
    }
    counts.resize(std::min(counts.size(), kept + 1));
}

void widen(ExtentCounts& extent, BucketWidth width) {
    if (width <= extent.width || extent.width == kNoBuckets) {
        return;
    }
    const std::int64_t factor =
        width == kWholeBucket ? 0 : kBucketSeconds[width] / kBucketSeconds[extent.width];
    for (LevelCount& count : extent.counts) {
        count.bucket =
            factor == 0 ? 0 : count.bucket / factor + (count.bucket % factor > 0 ? 1 : 0);
    }
    settle(extent);
    extent.width = width;
}

void coarsen(BlockStatistics& statistics, std::uint64_t rows_min) {
    for (ExtentCounts& extent : statistics.extents) {
        if (extent.width == kNoBuckets) {
            continue;
        }
        const std::uint64_t rows = rows_of(extent);
        const auto fits = [&] {
            return (extent.counts.size() - 1) * rows_min <= rows;
        };
        while (!fits() && extent.width < kWholeBucket) {
            widen(extent, static_cast<BucketWidth>(extent.width + 1));
        }
        if (!fits() || rows * kFirstCountWeight < rows_min) {
            extent.width = kNoBuckets;
            extent.counts = {};
        }
    }
}

}  // namespace logi::segment
