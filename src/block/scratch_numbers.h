// Room for the numbers of a column that are looked at once: it is used again and again, so it is in
// the CPU's memory.
#pragma once

#include "absl/types/span.h"

#include <cstdint>
#include <vector>

namespace logi::block {

// Until the next call in the thread.
inline absl::Span<std::uint32_t> scratch_numbers(std::size_t count) {
    thread_local std::vector<std::uint32_t> room;
    if (room.size() < count) {
        room.resize(count);
    }
    return absl::MakeSpan(room).first(count);
}

}  // namespace logi::block
