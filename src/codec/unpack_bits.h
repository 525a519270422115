// Numbers of a few bits each, packed one behind the other from the lowest bit of the first byte on:
// eight at a time where the CPU has AVX2; same results without.
#pragma once

#include "absl/types/span.h"

#include <cstdint>
#include <string_view>

namespace logi::codec {

// Each of `out` becomes `base` and the number of its place. `bytes` hold so many numbers of `bits`
// bits, which are 1 to 64, or 1 to 32.
void unpack_bits(std::string_view bytes,
                 unsigned bits,
                 std::uint64_t base,
                 absl::Span<std::uint64_t> out);
void unpack_bits(std::string_view bytes,
                 unsigned bits,
                 std::uint32_t base,
                 absl::Span<std::uint32_t> out);

// The paths without AVX2, for the tests that compare both.
void unpack_bits_portable(std::string_view bytes,
                          unsigned bits,
                          std::uint64_t base,
                          absl::Span<std::uint64_t> out);
void unpack_bits_portable(std::string_view bytes,
                          unsigned bits,
                          std::uint32_t base,
                          absl::Span<std::uint32_t> out);

}  // namespace logi::codec
