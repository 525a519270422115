// What one template may use. Templates come from queries, so every resource has a bound.
#pragma once

#include <cstddef>
#include <cstdint>

namespace logi::tmpl {

// A template is at most as long as a query.
inline constexpr std::size_t kTextBytesMax = 128U << 10U;
// Nested parentheses, ifs, ranges and withs; the parser recurses on each.
inline constexpr int kParseDepthMax = 200;
// The same plus templates that call each other, while executing.
inline constexpr int kExecuteDepthMax = 400;
// What one execution may write, and the longest string that a function may make.
inline constexpr std::size_t kOutputBytesMax = 1U << 20U;
// All strings, lists and maps that the functions of one execution make.
inline constexpr std::size_t kMemoryBytesMax = 16U << 20U;
// Evaluated nodes; a call also counts one for each kBytesPerStep bytes of its arguments.
inline constexpr std::uint64_t kStepsMax = 1'000'000;
inline constexpr std::size_t kBytesPerStep = 64;
// Nesting of what fromJson reads.
inline constexpr int kJsonDepthMax = 200;
// Digits of the numbers that addf, subf, mulf and divf compute with.
inline constexpr int kDecimalDigitsMax = 5000;
// Compiled patterns that a template keeps: those that it names literally, and others.
inline constexpr std::size_t kLiteralRegexesMax = 32;
inline constexpr std::size_t kOtherRegexesMax = 16;
// Memory of one of them.
inline constexpr std::int64_t kRegexBytesMax = 2LL << 20;

}  // namespace logi::tmpl
