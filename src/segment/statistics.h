// What a segment tells of its rows without them: how many there are of each stream, bucket of time
// and level, and how large they are (docs/format.md, "Statistics").
#pragma once

#include "base/time.h"
#include "segment/stream_extent.h"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace logi::segment {

// How wide the buckets of an extent are: of each width the next one is a multiple.
enum BucketWidth : std::uint8_t {
    kNoBuckets = 0,  // nothing is told
    kMinuteBuckets = 1,
    kWholeBucket = 7,  // one for the extent
};
inline constexpr std::array<std::int64_t, 8> kBucketSeconds = {
    0, 60, 300, 900, 3600, 21'600, 86'400, 0};

// The bucket of a time; bucket n of width w holds the times of ((n - 1) w, n w], as windows do.
[[nodiscard]] constexpr std::int64_t bucket_of(Timestamp time, BucketWidth width) {
    if (width == kNoBuckets || width == kWholeBucket) {
        return 0;
    }
    const std::int64_t ns = kBucketSeconds[width] * kNanosPerSecond;
    return time.ns / ns + (time.ns % ns > 0 ? 1 : 0);
}

// Levels are numbered; these are no level.
inline constexpr std::uint32_t kNoLevel = 0;     // entries without metadata of that name
inline constexpr std::uint32_t kOtherLevel = 1;  // of levels that are not told
inline constexpr std::uint32_t kFirstLevel = 2;

// Entries of one stream in one block, of one bucket and level.
struct LevelCount {
    std::int64_t bucket = 0;
    std::uint32_t level = 0;
    std::uint32_t rows = 0;
    std::uint64_t line_bytes = 0;
    std::uint64_t metadata_bytes = 0;  // as block::MetadataSize counts
    friend bool operator==(const LevelCount&, const LevelCount&) = default;
};

// The counts of one extent.
struct ExtentCounts {
    std::uint32_t stream = 0;
    BucketWidth width = kNoBuckets;
    std::vector<LevelCount> counts;  // ascending by (bucket, level); their sums are the extent's
    friend bool operator==(const ExtentCounts&, const ExtentCounts&) = default;
};

// The times that entries of a bucket may have, both included.
[[nodiscard]] std::pair<Timestamp, Timestamp> times_of(const StreamExtent& extent,
                                                       BucketWidth width,
                                                       std::int64_t bucket);

// Which metadata the entries of a block have but the level, sorted. Nothing: too many to tell.
using MetadataNames = std::optional<std::vector<std::string>>;

// The counts of a block.
struct BlockStatistics {
    std::vector<ExtentCounts> extents;  // one per extent of the block, ascending by stream
    MetadataNames names;
    std::vector<std::string> levels;  // from kFirstLevel on

    // Null: nothing is told of that stream.
    [[nodiscard]] const ExtentCounts* find(std::uint32_t stream) const;
};

// What is told of some extents of a block, where it lies. It holds what it points into.
struct StatisticsView {
    std::vector<std::shared_ptr<const void>> held;
    std::vector<const ExtentCounts*> extents;  // ascending by stream
    const MetadataNames* names = nullptr;
    const std::vector<std::string>* levels = nullptr;

    [[nodiscard]] const ExtentCounts* find(std::uint32_t stream) const;
    [[nodiscard]] BlockStatistics copy() const;
};

}  // namespace logi::segment
