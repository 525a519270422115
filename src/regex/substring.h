// Substring search with AVX2 (first and last byte of the needle compared 32 places at a time),
// portable where the CPU lacks it: same result.
#pragma once

#include <cstddef>
#include <string_view>

namespace logi::regex {

inline constexpr std::size_t kNotFound = static_cast<std::size_t>(-1);

// Offset of the first occurrence at or after `from`, or kNotFound. An empty needle is at `from`.
[[nodiscard]] std::size_t find(std::string_view text,
                               std::string_view needle,
                               std::size_t from = 0);
[[nodiscard]] inline bool contains(std::string_view text, std::string_view needle) {
    return find(text, needle) != kNotFound;
}

// The same in any case of ASCII letters; the needle has none in upper case.
[[nodiscard]] std::size_t find_any_case(std::string_view text,
                                        std::string_view needle,
                                        std::size_t from = 0);
[[nodiscard]] bool equal_any_case(std::string_view text, std::string_view lower);

// The path without AVX2, for tests that compare both.
[[nodiscard]] std::size_t find_portable(std::string_view text,
                                        std::string_view needle,
                                        std::size_t from);
[[nodiscard]] std::size_t find_any_case_portable(std::string_view text,
                                                 std::string_view needle,
                                                 std::size_t from);

}  // namespace logi::regex
