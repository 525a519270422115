// Loops over many short texts, with AVX2 where the CPU has it; same results without. Texts are
// parts of one buffer, with 32 bytes more behind it.
#pragma once

#include "absl/types/span.h"
#include "block/char_class.h"
#include "block/cut.h"

#include <string>

namespace logi::block {

// The classes of all texts together.
[[nodiscard]] ClassMask classes_of(const char* text, absl::Span<const Slot> slots);

// Appends hexadecimal digits, two to a byte, the first one in the upper half; behind an odd number
// a zero. All texts have `size` digits of one case.
void pack_hex(const char* text, absl::Span<const Slot> slots, std::uint32_t size, std::string& out);

// Whether all texts are of decimal digits only. Cheaper than classes_of().
[[nodiscard]] bool all_digits(const char* text, absl::Span<const Slot> slots);

// The value of decimal digits, at most 19. Reads eight bytes from `p` on, however few there are.
[[nodiscard]] std::uint64_t parse_digits(const char* p, std::size_t size);

}  // namespace logi::block
