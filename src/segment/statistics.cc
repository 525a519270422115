#include "segment/statistics.h"

#include <algorithm>

namespace logi::segment {

// Only buckets in the middle of an extent are computed, so that nothing overflows.
std::pair<Timestamp, Timestamp> times_of(const StreamExtent& extent,
                                         BucketWidth width,
                                         std::int64_t bucket) {
    std::pair<Timestamp, Timestamp> times = {extent.min_time, extent.max_time};
    if (width == kNoBuckets || width == kWholeBucket) {
        return times;
    }
    const std::int64_t ns = kBucketSeconds[width] * kNanosPerSecond;
    if (bucket > bucket_of(extent.min_time, width)) {
        times.first = {(bucket - 1) * ns + 1};
    }
    if (bucket < bucket_of(extent.max_time, width)) {
        times.second = {bucket * ns};
    }
    return times;
}

const ExtentCounts* BlockStatistics::find(std::uint32_t stream) const {
    const auto it = std::lower_bound(
        extents.begin(), extents.end(), stream, [](const ExtentCounts& e, std::uint32_t s) {
            return e.stream < s;
        });
    return it != extents.end() && it->stream == stream && it->width != kNoBuckets ? &*it : nullptr;
}

const ExtentCounts* StatisticsView::find(std::uint32_t stream) const {
    const auto it = std::lower_bound(
        extents.begin(), extents.end(), stream, [](const ExtentCounts* e, std::uint32_t s) {
            return e->stream < s;
        });
    return it != extents.end() && (*it)->stream == stream && (*it)->width != kNoBuckets ? *it
                                                                                        : nullptr;
}

BlockStatistics StatisticsView::copy() const {
    BlockStatistics copied;
    copied.extents.reserve(extents.size());
    for (const ExtentCounts* extent : extents) {
        copied.extents.push_back(*extent);
    }
    copied.names = *names;
    copied.levels = *levels;
    return copied;
}

}  // namespace logi::segment
