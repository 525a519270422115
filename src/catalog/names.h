// The names of a catalog's objects.
#pragma once

#include <cstdint>
#include <string_view>

namespace logi::catalog {

inline constexpr std::string_view kSnapshotSuffix = ".snapshot";

// 0 where the key is no snapshot's.
[[nodiscard]] std::uint64_t snapshot_number(std::string_view key);

// <snapshot number>-<journal>-….segment, or <snapshot number>-merged-….segment; zeros where the key
// is no such name.
struct SegmentName {
    std::uint64_t snapshot = 0;
    std::uint64_t journal = 0;
    bool merged = false;
};
[[nodiscard]] SegmentName parse_segment_key(std::string_view key);

}  // namespace logi::catalog
