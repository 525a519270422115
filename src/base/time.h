// Points in time and lengths of time, both in nanoseconds, as types that do not mix by accident.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>

namespace logi {

inline constexpr std::int64_t kNanosPerMilli = 1'000'000;
inline constexpr std::int64_t kNanosPerSecond = 1'000'000'000;

struct Duration {
    std::int64_t ns = 0;
    friend constexpr auto operator<=>(Duration, Duration) = default;
    static constexpr Duration millis(std::int64_t n) { return {n * kNanosPerMilli}; }
    static constexpr Duration seconds(std::int64_t n) { return {n * kNanosPerSecond}; }
    static constexpr Duration minutes(std::int64_t n) { return seconds(n * 60); }
    static constexpr Duration hours(std::int64_t n) { return seconds(n * 3600); }
};

// Nanoseconds since 1970-01-01T00:00:00Z.
struct Timestamp {
    std::int64_t ns = 0;
    friend constexpr auto operator<=>(Timestamp, Timestamp) = default;
    static constexpr Timestamp min() { return {std::numeric_limits<std::int64_t>::min()}; }
    static constexpr Timestamp max() { return {std::numeric_limits<std::int64_t>::max()}; }
};

// Sums stop at the ends of the range instead of wrapping.
constexpr Timestamp operator+(Timestamp t, Duration d) {
    std::int64_t r = 0;
    if (__builtin_add_overflow(t.ns, d.ns, &r)) {
        return d.ns > 0 ? Timestamp::max() : Timestamp::min();
    }
    return {r};
}
constexpr Timestamp operator-(Timestamp t, Duration d) {
    std::int64_t r = 0;
    if (__builtin_sub_overflow(t.ns, d.ns, &r)) {
        return d.ns > 0 ? Timestamp::min() : Timestamp::max();
    }
    return {r};
}
constexpr Duration operator-(Timestamp a, Timestamp b) {
    std::int64_t r = 0;
    if (__builtin_sub_overflow(a.ns, b.ns, &r)) {
        r = a.ns > b.ns ? std::numeric_limits<std::int64_t>::max()
                        : std::numeric_limits<std::int64_t>::min();
    }
    return {r};
}

}  // namespace logi
