// Sorting of rows into the order that every block has.
#pragma once

#include "absl/container/flat_hash_set.h"
#include "block/block.h"
#include "segment/source.h"

#include <algorithm>
#include <vector>

namespace logi::head {

// Sorts items of streams 0..streams-1 by stream, and within one by `before`. Entries of a stream
// mostly come in order: dealing them out by stream leaves little to sort.
template <typename T, typename StreamOf, typename Before>
void sort_by_stream(std::vector<T>& items,
                    std::uint32_t streams,
                    const StreamOf& stream_of,
                    const Before& before) {
    if (streams > items.size()) {
        std::sort(items.begin(), items.end(), [&](const T& a, const T& b) {
            return stream_of(a) != stream_of(b) ? stream_of(a) < stream_of(b) : before(a, b);
        });
        return;
    }
    std::vector<std::size_t> next(streams + 1);
    for (const T& item : items) {
        ++next[stream_of(item) + 1];
    }
    for (std::uint32_t i = 0; i < streams; ++i) {
        next[i + 1] += next[i];
    }
    std::vector<T> dealt(items.size());
    for (const T& item : items) {
        dealt[next[stream_of(item)]++] = item;
    }
    items = std::move(dealt);
    auto begin = items.begin();
    for (std::uint32_t i = 0; i < streams; ++i) {
        const auto end = items.begin() + static_cast<std::ptrdiff_t>(next[i]);
        if (!std::is_sorted(begin, end, before)) {
            std::sort(begin, end, before);
        }
        begin = end;
    }
}

// Whether two rows of one stream are the same entry; and a hash that is the same for those.
[[nodiscard]] bool same_entry(const block::Row& a, const block::Row& b);
[[nodiscard]] std::size_t entry_hash(const block::Row& row);

// Of sorted items leaves out those that are the same entry as an earlier one at the same place,
// that is of the same stream and time. Returns how many were dropped.
template <typename T, typename SamePlace, typename RowOf>
std::uint64_t drop_duplicates(std::vector<T>& items,
                              const SamePlace& same_place,
                              const RowOf& row_of) {
    // Longer runs of one place are looked up by hash: somebody may log without times.
    constexpr std::size_t kShortRun = 16;
    const auto hash = [&](std::size_t i) {
        return entry_hash(row_of(items[i]));
    };
    const auto equal = [&](std::size_t a, std::size_t b) {
        return same_entry(row_of(items[a]), row_of(items[b]));
    };
    absl::flat_hash_set<std::size_t, decltype(hash), decltype(equal)> seen(0, hash, equal);
    std::size_t kept = 0;
    for (std::size_t begin = 0, end = 0; begin < items.size(); begin = end) {
        const std::size_t first = kept;
        for (end = begin + 1; end < items.size() && same_place(items[begin], items[end]); ++end) {
        }
        if (end - begin > kShortRun) {
            seen.clear();
        }
        for (std::size_t i = begin; i < end; ++i) {
            // An item that is dropped again is overwritten by the next.
            items[kept] = items[i];
            bool duplicate = false;
            if (end - begin > kShortRun) {
                duplicate = !seen.insert(kept).second;
            } else {
                for (std::size_t j = first; j < kept && !duplicate; ++j) {
                    duplicate = equal(j, kept);
                }
            }
            kept += duplicate ? 0U : 1U;
        }
    }
    const std::uint64_t dropped = items.size() - kept;
    items.resize(kept);
    return dropped;
}

// Sorts by (stream, time, sequence) and drops rows that equal an earlier one in stream, time, line
// and metadata. Returns how many were dropped.
std::uint64_t sort_and_dedupe(std::vector<block::Row>& rows);

// Statistics and per-stream extents (block number 0) of rows in that order; not empty.
block::BlockStats stats_of(const std::vector<block::Row>& rows);
std::vector<segment::StreamExtent> extents_of(const std::vector<block::Row>& rows);

}  // namespace logi::head
