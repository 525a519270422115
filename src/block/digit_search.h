// Looks for decimal digits in the decimal digits of numbers without writing these down.
#pragma once

#include "block/column_reader.h"
#include "block/time_layout.h"

#include <cstdint>
#include <optional>

namespace logi::block {

// How the numbers are written.
struct DigitForm {
    std::uint8_t scale = 0;  // digits behind a point
    std::uint8_t width = 0;  // zeros in front up to it; 0: none in front
    bool trimmed = false;    // zeros at the end behind the point are left out, and then the point
};

// The numbers whose text has the needle. Nothing where the texts have to be made.
std::optional<RowSet> find_digits(absl::Span<const std::uint64_t> numbers,
                                  const DigitForm& form,
                                  const Needle& needle);

// Whether it may be looked for in numbers of 32 bits; and that, as find_digits(), which has to be
// asked where there is nothing.
[[nodiscard]] bool may_search_narrow(const DigitForm& form, const Needle& needle);
std::optional<RowSet> find_digits_narrow(absl::Span<const std::uint32_t> numbers,
                                         const DigitForm& form,
                                         const Needle& needle);

// Whether no time of the layout has the needle.
[[nodiscard]] bool never_in_times(const TimeLayout& layout, const Needle& needle);

// The times, in the layout's units, whose text has the needle. Nothing where the texts have to be
// made: of three digits and more, though, it is known where in a time they can stand.
std::optional<RowSet> find_digits_in_times(absl::Span<const std::int64_t> times,
                                           const TimeLayout& layout,
                                           const Needle& needle);

}  // namespace logi::block
