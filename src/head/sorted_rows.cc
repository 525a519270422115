#include "head/sorted_rows.h"

#include "absl/container/flat_hash_set.h"
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

namespace {

bool same_time(const block::Row& a, const block::Row& b) {
    return a.stream == b.stream && a.time == b.time;
}

struct RowHash {
    const std::vector<block::Row>* rows;
    std::size_t operator()(std::size_t i) const {
        const block::Row& row = (*rows)[i];
        std::size_t hash = base::hash64(row.line);
        for (std::uint32_t k = 0; k < row.metadata_count; ++k) {
            hash = hash * 31 + base::hash64(row.metadata[k].value);
        }
        return hash;
    }
};
struct RowEqual {
    const std::vector<block::Row>* rows;
    bool operator()(std::size_t a, std::size_t b) const {
        return same_entry((*rows)[a], (*rows)[b]);
    }
};

// Longer runs of one time are looked up by hash: somebody may log without times.
constexpr std::size_t kShortRun = 16;

// Moves the distinct rows of [begin, end), which are of one stream and time, to `kept` and on.
void keep_distinct(std::vector<block::Row>& rows,
                   std::size_t begin,
                   std::size_t end,
                   std::size_t& kept) {
    const std::size_t first = kept;
    absl::flat_hash_set<std::size_t, RowHash, RowEqual> seen(0, RowHash{&rows}, RowEqual{&rows});
    for (std::size_t i = begin; i < end; ++i) {
        // A row that is dropped again is overwritten by the next.
        rows[kept] = rows[i];
        bool duplicate = false;
        if (end - begin > kShortRun) {
            duplicate = !seen.insert(kept).second;
        } else {
            for (std::size_t j = first; j < kept && !duplicate; ++j) {
                duplicate = same_entry(rows[j], rows[kept]);
            }
        }
        kept += duplicate ? 0U : 1U;
    }
}

}  // namespace

std::uint64_t sort_and_dedupe(std::vector<block::Row>& rows) {
    const auto before = [](const block::Row& a, const block::Row& b) {
        return std::tie(a.stream, a.time, a.sequence) < std::tie(b.stream, b.time, b.sequence);
    };
    if (!std::is_sorted(rows.begin(), rows.end(), before)) {
        std::sort(rows.begin(), rows.end(), before);
    }
    std::size_t kept = 0;
    for (std::size_t begin = 0; begin < rows.size();) {
        std::size_t end = begin + 1;
        while (end < rows.size() && same_time(rows[begin], rows[end])) {
            ++end;
        }
        keep_distinct(rows, begin, end, kept);
        begin = end;
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
