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
    const auto before = [](const block::Row& a, const block::Row& b) {
        return std::tie(a.stream, a.time, a.sequence) < std::tie(b.stream, b.time, b.sequence);
    };
    if (!std::is_sorted(rows.begin(), rows.end(), before)) {
        std::sort(rows.begin(), rows.end(), before);
    }
    std::size_t kept = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        bool duplicate = false;
        for (std::size_t j = kept; j > 0 && !duplicate; --j) {
            const block::Row& earlier = rows[j - 1];
            if (earlier.stream != rows[i].stream || earlier.time != rows[i].time) {
                break;
            }
            duplicate = same_entry(earlier, rows[i]);
        }
        if (!duplicate) {
            rows[kept++] = rows[i];
        }
    }
    const std::uint64_t dropped = rows.size() - kept;
    rows.resize(kept);
    return dropped;
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
