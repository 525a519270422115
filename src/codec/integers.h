// Runs of integers: frame of reference, with or without differences, bit-packed or as planes of
// bytes for zstd to look at (format: docs/format.md, "Integers").
#pragma once

#include "absl/types/span.h"
#include "base/status.h"
#include "codec/compress.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace logi::codec {

struct EncodedIntegers {
    std::string bytes;
    std::size_t plane_bytes = 0;  // of planes, which zstd makes smaller; 0: packed
    int zstd_level = kZstdLevel;  // that suits them
};

// Picks the form that should be smallest. Signed integers go through signed_to_ordered().
[[nodiscard]] EncodedIntegers encode_integers(absl::Span<const std::uint64_t> values);

// Replaces `out` by the `count` values. kDataLoss if `bytes` are not what encode_integers() made of
// as many.
Status decode_integers(std::string_view bytes, std::size_t count, std::vector<std::uint64_t>& out);
// The same of numbers that are all below a limit; kDataLoss also if one is not.
Status decode_numbers(std::string_view bytes,
                      std::uint32_t limit,
                      absl::Span<std::uint32_t> numbers);
// How often each number comes: so many counts. All numbers must be below `limit`.
[[nodiscard]] std::vector<std::uint32_t> counts_of(absl::Span<const std::uint32_t> numbers,
                                                   std::size_t limit);
// How often each number comes, up to the limit, of `count` that are all below it; errors as above.
StatusOr<std::vector<std::uint32_t>> count_numbers(std::string_view bytes,
                                                   std::size_t count,
                                                   std::uint32_t limit);
// As decode_numbers(), with no limit but 32 bits, where it is seen by how they are stored that they
// keep to it. False: nothing is written.
StatusOr<bool> decode_narrow(std::string_view bytes, absl::Span<std::uint32_t> numbers);

// Keeps the order: the least int64 becomes 0.
[[nodiscard]] constexpr std::uint64_t signed_to_ordered(std::int64_t v) {
    return static_cast<std::uint64_t>(v) ^ (1ULL << 63U);
}
[[nodiscard]] constexpr std::int64_t ordered_to_signed(std::uint64_t v) {
    return static_cast<std::int64_t>(v ^ (1ULL << 63U));
}

}  // namespace logi::codec
