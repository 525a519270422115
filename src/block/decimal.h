// Arithmetic on numbers that are written in decimal digits.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace logi::block {

inline constexpr std::array<std::uint64_t, 20> kPowersOfTen = [] {
    std::array<std::uint64_t, 20> powers{1};
    for (std::size_t i = 1; i < powers.size(); ++i) {
        powers[i] = powers[i - 1] * 10;
    }
    return powers;
}();

// 10^n where a signed number is asked for; n is 18 at most.
[[nodiscard]] constexpr std::int64_t signed_power_of_ten(std::size_t n) {
    return static_cast<std::int64_t>(kPowersOfTen[n]);
}

// Rounds down, also below zero. `b` is positive.
[[nodiscard]] constexpr std::int64_t floor_div(std::int64_t a, std::int64_t b) {
    return a / b - (a % b < 0 ? 1 : 0);
}

}  // namespace logi::block
