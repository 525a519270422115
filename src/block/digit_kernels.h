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

// Adds the rows in whose number the digits stand. Numbers have 32 bits, and at most `digits`
// decimal digits; they are written with zeros in front up to so many if they are `padded`.
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
