// One immutable version of what lives of a tenant, and its bytes (docs/format.md, "Catalog").
#pragma once

#include "base/status.h"
#include "base/time.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace logi::catalog {

inline constexpr std::string_view kSnapshotMagic = "LOGICATL";
inline constexpr std::uint32_t kSnapshotVersion = 1;

struct SegmentInfo {
    std::string key;  // in the bucket
    Timestamp min_time;
    Timestamp max_time;
    std::uint64_t rows = 0;
    std::uint64_t line_bytes = 0;
    std::uint64_t size_bytes = 0;
    std::uint32_t streams = 0;
    std::uint32_t level = 0;  // 0: flushed from the head
    friend bool operator==(const SegmentInfo&, const SegmentInfo&) = default;
};

struct Snapshot {
    std::uint64_t number = 0;
    std::string writer;  // random id, to recognise our own commit after a lost reply
    // Per journal: the tenant's entries up to this position, included, are in segments.
    std::map<std::uint64_t, std::uint64_t> positions;
    std::vector<SegmentInfo> segments;

    [[nodiscard]] std::uint64_t position(std::uint64_t journal) const {
        const auto it = positions.find(journal);
        return it == positions.end() ? 0 : it->second;
    }
};

[[nodiscard]] std::string encode_snapshot(const Snapshot& snapshot);
// kDataLoss for damaged bytes, kUnimplemented when they ask for a newer reader.
StatusOr<Snapshot> decode_snapshot(std::string_view bytes);

}  // namespace logi::catalog
