// Whether digits stand in numbers, eight numbers at a time where the CPU has AVX2; same results
// without.
#pragma once

#include "absl/types/span.h"
#include "block/row_set.h"

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace logi::block {

// Some digits, as a number, zeros in front included.
struct DigitRun {
    std::uint32_t value = 0;
    unsigned count = 0;  // 1 to 9
};

// Whether the digits stand in a number of at most `digits` decimal digits, which is written with
// zeros in front up to so many if it is `padded`.
[[nodiscard]] bool has_digit_run(std::uint64_t number, unsigned digits, bool padded, DigitRun run);

// Adds the rows in whose number they stand. All numbers have 32 bits.
void find_digit_run(absl::Span<const std::uint64_t> numbers,
                    unsigned digits,
                    bool padded,
                    DigitRun run,
                    RowSet& found);
void find_digit_run(absl::Span<const std::uint32_t> numbers,
                    unsigned digits,
                    bool padded,
                    DigitRun run,
                    RowSet& found);

// Hexadecimal digits by their values, as they stand in bytes: two in each, the first one in the
// upper half.
using ThreeDigits = std::array<std::uint8_t, 3>;
// Replaces `begins` by the places, counted in digits, where the three stand one after another,
// ascending. Not those that begin in the last byte.
void find_three_digits(std::string_view packed,
                       const ThreeDigits& digits,
                       std::vector<std::size_t>& begins);

// The paths without AVX2, for the tests that compare both.
void find_three_digits_portable(std::string_view packed,
                                const ThreeDigits& digits,
                                std::vector<std::size_t>& begins);
void find_digit_run_portable(absl::Span<const std::uint64_t> numbers,
                             unsigned digits,
                             bool padded,
                             DigitRun run,
                             RowSet& found);

}  // namespace logi::block
