#include "head/sorted_rows.h"

#include <tuple>

namespace logi::head {

bool same_entry(const block::Row& a, const block::Row& b) {
    return a.stream == b.stream && a.time == b.time && a.line == b.line &&
           std::equal(a.metadata,
                      a.metadata + a.metadata_count,
                      b.metadata,
                      b.metadata + b.metadata_count);
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
        same_entry);
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
    for (const auto& row : rows) {
        if (extents.empty() || extents.back().stream != row.stream) {
            extents.push_back({0, row.stream, 0, row.time, row.time});
        }
        auto& e = extents.back();
        ++e.rows;
        e.max_time = row.time;  // rows of a stream ascend in time
    }
    return extents;
}

}  // namespace logi::head
