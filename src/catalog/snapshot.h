// One immutable version of what lives of a tenant, and its bytes (docs/format.md, "Catalog").
#pragma once

#include "catalog/delete_request.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace logi::catalog {

inline constexpr std::string_view kSnapshotMagic = "LOGICATL";
inline constexpr std::uint32_t kSnapshotVersion = 2;
// Of a bucket that several processes share: it tells also whose commits led to it.
inline constexpr std::uint32_t kSharedSnapshotVersion = 3;
// Who commits to a snapshot of such a bucket with requests to delete that are not processed:
// flushes name their journals in them.
inline constexpr std::uint32_t kSharedDeletesVersion = 4;
// Version 1 has no time and no deletes, and segments do not tell which ones they have applied.
inline constexpr std::uint32_t kSnapshotVersionMin = 1;

struct SegmentInfo {
    std::string key;  // in the bucket
    Timestamp min_time;
    Timestamp max_time;
    std::uint64_t rows = 0;
    std::uint64_t line_bytes = 0;
    std::uint64_t size_bytes = 0;
    std::uint32_t streams = 0;
    std::uint32_t level = 0;  // 0: flushed from the head; 1: written by compaction
    // Number of a snapshot: when it was written, by a flush or a merge, the deletes that were due
    // on that one were left out. 0: none were.
    std::uint64_t deletes_applied_on = 0;

    // Nothing is known of a segment that was found without a snapshot that names it.
    [[nodiscard]] bool known() const { return min_time != Timestamp::min(); }
    friend bool operator==(const SegmentInfo&, const SegmentInfo&) = default;
};

// A segment that another has taken the place of; its object is not known to be removed.
struct ReplacedSegment {
    std::string key;
    std::uint64_t replaced_by = 0;  // number of the first snapshot without it
    friend bool operator==(const ReplacedSegment&, const ReplacedSegment&) = default;
};

struct Snapshot {
    std::uint64_t number = 0;
    std::string writer;  // random id, to recognise our own commit after a lost reply
    // By the writer's clock; 0: not known. Of a shared catalog, the last flush by a process that
    // takes pushes.
    Timestamp written_at;
    // Per journal: the tenant's entries up to this position, included, are in segments.
    std::map<std::uint64_t, std::uint64_t> positions;
    std::vector<SegmentInfo> segments;
    std::vector<DeleteRequest> deletes;  // in the order in which they were made
    // In a bucket that several processes share: ids of the commits that led here, the newest last.
    // Who has lost the reply to a commit finds it here. Empty: one process had the bucket.
    std::vector<std::uint64_t> lineage;
    std::vector<ReplacedSegment> replaced;  // with a lineage only

    // There, too: number of the snapshot that was the last to drop positions, of journals that are
    // gone. Who knows of a journal since an older snapshot, and finds no position of it here, does
    // not know whether its entries are in segments.
    std::uint64_t dropped_on = 0;

    // Not stored: why it is put together from an older one and what lies in the bucket, and may
    // have more than what lives. Empty: it is not.
    std::string damage;

    [[nodiscard]] std::uint64_t position(std::uint64_t journal) const {
        const auto it = positions.find(journal);
        return it == positions.end() ? 0 : it->second;
    }
    // Whether what the tenant has in a journal behind that position is in segments. What is of a
    // later journal is committed later, and positions of journals that are gone are dropped.
    [[nodiscard]] bool holds(std::uint64_t journal, std::uint64_t from) const {
        return position(journal) > from ||
               (!positions.empty() && positions.rbegin()->first > journal);
    }
};

[[nodiscard]] std::string encode_snapshot(const Snapshot& snapshot);
// kDataLoss for damaged bytes, kUnimplemented when they ask for a newer reader.
StatusOr<Snapshot> decode_snapshot(std::string_view bytes);

}  // namespace logi::catalog
