// The least and the greatest of many integers, and of the differences between neighbours, in one
// look. With AVX2 where the CPU has it; same results without.
#pragma once

#include "absl/types/span.h"

#include <cstdint>

namespace logi::codec {

struct Extremes {
    std::uint64_t min = 0;
    std::uint64_t max = 0;
    // Of each value to the one before, modulo 2^64, as signed integers; 0 of a single value.
    std::int64_t delta_min = 0;
    std::int64_t delta_max = 0;
    friend bool operator==(const Extremes&, const Extremes&) = default;
};

// Of one value at least.
[[nodiscard]] Extremes extremes_of(absl::Span<const std::uint64_t> values);

}  // namespace logi::codec
