// What limits, rates and counters count of an entry.
#pragma once

#include "fields/level.h"
#include "model/entry.h"

#include <cstdint>

namespace logi::ingest {

// Bytes of the names and values, without the level, which Logi may have added itself.
[[nodiscard]] inline std::uint64_t metadata_bytes(const EntryView& entry) {
    std::uint64_t bytes = 0;
    for (const auto& pair : entry.metadata) {
        if (pair.name != fields::kDetectedLevel) {
            bytes += pair.name.size() + pair.value.size();
        }
    }
    return bytes;
}

[[nodiscard]] inline std::uint64_t entry_bytes(const EntryView& entry) {
    return entry.line.size() + metadata_bytes(entry);
}

}  // namespace logi::ingest
