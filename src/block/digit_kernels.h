// Whether digits stand in numbers, eight numbers at a time where the CPU has AVX2; same results
// without.
#pragma once

#include "absl/types/span.h"
#include "block/row_set.h"

#include <cstdint>

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

// The path without AVX2, for the test that compares both.
void find_digit_run_portable(absl::Span<const std::uint64_t> numbers,
                             unsigned digits,
                             bool padded,
                             DigitRun run,
                             RowSet& found);

}  // namespace logi::block
