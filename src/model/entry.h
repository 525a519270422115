// Entries: one log line with its time and structured metadata.
#pragma once

#include "base/hash.h"
#include "base/time.h"
#include "model/labels.h"

#include <cstdint>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace logi {

// A view: the bytes belong to a request's body, an arena or a block.
struct MetadataView {
    std::string_view name;
    std::string_view value;
    friend auto operator<=>(const MetadataView&, const MetadataView&) = default;
};

// Order of arrival: which journal, which record in it, which entry of the record. Equal times sort
// by it; it is unique per entry.
struct Sequence {
    std::uint64_t journal = 0;
    std::uint64_t position = 0;
    std::uint32_t index = 0;
    friend constexpr auto operator<=>(const Sequence&, const Sequence&) = default;
};

// A view of one entry; `metadata` is sorted by name.
struct EntryView {
    Timestamp time;
    std::string_view line;
    std::vector<MetadataView> metadata;
};

// Half open: start <= t < end.
struct TimeRange {
    Timestamp start;
    Timestamp end;
    [[nodiscard]] bool contains(Timestamp t) const { return start <= t && t < end; }
    // Whether any time of [min, max], both included, lies in the range.
    [[nodiscard]] bool overlaps(Timestamp min, Timestamp max) const {
        return min < end && start <= max;
    }
};

}  // namespace logi
