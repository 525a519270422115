#include "head/sorted_rows.h"

#include "base/hash.h"

#include <tuple>

namespace logi::head {

bool same_entry(const block::Row& a, const block::Row& b) {
    return a.stream == b.stream && a.time == b.time && a.line == b.line &&
           std::equal(a.metadata,
                      a.metadata + a.metadata_count,
                      b.metadata,
                      b.metadata + b.metadata_count);
}

std::size_t entry_hash(const block::Row& row) {
    std::size_t hash = base::hash64(row.line);
    for (std::uint32_t k = 0; k < row.metadata_count; ++k) {
        hash = hash * 31 + base::hash64(row.metadata[k].value);
    }
    return hash;
}

std::uint64_t sort_and_dedupe(std::vector<block::Row>& rows) {
    std::uint32_t streams = 0;
    for (const auto& row : rows) {
        streams = std::max(streams, row.stream + 1);
    }
    sort_by_stream(
        rows,
        streams,
        [](const block::Row& row) { return row.stream; },
        [](const block::Row& a, const block::Row& b) {
            return std::tie(a.time, a.sequence) < std::tie(b.time, b.sequence);
        });
    return drop_duplicates(
        rows,
        [](const block::Row& a, const block::Row& b) {
            return a.stream == b.stream && a.time == b.time;
        },
        [](const block::Row& row) -> const block::Row& { return row; });
}

block::BlockStats stats_of(const std::vector<block::Row>& rows) {
    block::BlockStats stats{};
    stats.rows = static_cast<std::uint32_t>(rows.size());
    stats.min_time = Timestamp::max();
    stats.max_time = Timestamp::min();
    stats.first_stream = rows.front().stream;
    stats.last_stream = rows.back().stream;
    for (const auto& row : rows) {
        stats.line_bytes += row.line.size();
        stats.min_time = std::min(stats.min_time, row.time);
        stats.max_time = std::max(stats.max_time, row.time);
    }
    return stats;
}

std::vector<segment::StreamExtent> extents_of(const std::vector<block::Row>& rows) {
    std::vector<segment::StreamExtent> extents;
    segment::append_extents(rows, 0, extents);
    return extents;
}

}  // namespace logi::head
