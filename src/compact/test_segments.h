// Segments in memory, for tests.
#pragma once

#include "base/check.h"
#include "segment/memory_file.h"
#include "segment/segment_writer.h"

#include <algorithm>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

namespace logi::compact {

struct TestEntry {
    Labels labels;
    std::int64_t ns = 0;
    Sequence sequence;
    std::string line;
    std::vector<LabelPair> metadata;  // sorted by name

    [[nodiscard]] bool same_entry(const TestEntry& other) const {
        return labels == other.labels && ns == other.ns && line == other.line &&
               metadata == other.metadata;
    }
    friend auto operator<=>(const TestEntry&, const TestEntry&) = default;
};
using Entries = std::vector<TestEntry>;

inline std::shared_ptr<const segment::SegmentReader> open_bytes(std::string bytes) {
    auto reader = segment::open_in_memory(std::move(bytes), "test");
    LOGI_CHECK(reader.ok());
    return *reader;
}

// Of equal entries the first to arrive stays.
inline Entries without_duplicates(Entries entries) {
    std::sort(entries.begin(), entries.end());
    Entries kept;
    for (auto& e : entries) {
        const bool there = std::any_of(
            kept.rbegin(),
            std::find_if(kept.rbegin(),
                         kept.rend(),
                         [&](const auto& k) { return k.labels != e.labels || k.ns != e.ns; }),
            [&](const auto& k) { return k.same_entry(e); });
        if (!there) {
            kept.push_back(std::move(e));
        }
    }
    return kept;
}

// `entries` is sorted and without duplicates.
inline std::string segment_bytes(const Entries& entries) {
    std::vector<Labels> streams;
    std::vector<std::vector<MetadataView>> metadata;
    std::vector<block::Row> rows;
    metadata.reserve(entries.size());
    for (const auto& e : entries) {
        if (streams.empty() || streams.back() != e.labels) {
            streams.push_back(e.labels);
        }
        auto& pairs = metadata.emplace_back();
        for (const auto& pair : e.metadata) {
            pairs.push_back({pair.name, pair.value});
        }
        block::Row row;
        row.stream = static_cast<std::uint32_t>(streams.size() - 1);
        row.time = {e.ns};
        row.sequence = e.sequence;
        row.line = e.line;
        row.metadata = pairs.data();
        row.metadata_count = static_cast<std::uint32_t>(pairs.size());
        rows.push_back(row);
    }
    segment::SegmentWriter writer(std::move(streams));
    for (const auto& row : rows) {
        writer.add(row);
    }
    return writer.finish();
}

// Everything that a source shows, sorted.
inline Entries entries_of(const segment::Source& source) {
    Entries entries;
    std::vector<MetadataView> metadata;
    const auto all = source.select_all();
    LOGI_CHECK(all.ok());
    const auto extents = all->extents_by_block();
    for (std::uint32_t b = 0; b < extents.size(); ++b) {
        if (extents[b].empty()) {
            continue;
        }
        const auto block = all->open_block(b);
        LOGI_CHECK(block.ok());
        const auto streams = (*block)->streams();
        const auto times = (*block)->times();
        const auto sequences = (*block)->sequences();
        LOGI_CHECK(streams.ok() && times.ok() && sequences.ok());
        for (std::uint32_t row = 0; row < times->size(); ++row) {
            const auto line = (*block)->line(row);
            LOGI_CHECK(line.ok() && (*block)->metadata(row, metadata).ok());
            TestEntry e{all->labels((*streams)[row]),
                        (*times)[row].ns,
                        (*sequences)[row],
                        std::string(*line),
                        {}};
            for (const auto& pair : metadata) {
                e.metadata.push_back({std::string(pair.name), std::string(pair.value)});
            }
            entries.push_back(std::move(e));
        }
    }
    std::sort(entries.begin(), entries.end());
    return entries;
}

}  // namespace logi::compact
