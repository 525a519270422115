// LOGI_CHECK: an assertion for our own bugs, on in every build. Never for data from outside.
#pragma once

namespace logi::base {
[[noreturn]] void check_failed(const char* expr, const char* file, int line);
}  // namespace logi::base

#define LOGI_CHECK(expr)                                           \
    do {                                                           \
        if (!(expr)) [[unlikely]] {                                \
            ::logi::base::check_failed(#expr, __FILE__, __LINE__); \
        }                                                          \
    } while (false)
