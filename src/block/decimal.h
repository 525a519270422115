// Arithmetic on numbers that are written in decimal digits.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

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

// f(10^n) for an n of 18 at most, or 19 if f takes it for unsigned; where that is a unit of time, f
// gets a constant, so that to divide by it is to multiply.
template <typename F>
decltype(auto) with_power_of_ten(std::size_t n, F&& f) {
    switch (n) {
        case 0:
            return f(std::integral_constant<std::int64_t, 1>());
        case 3:
            return f(std::integral_constant<std::int64_t, signed_power_of_ten(3)>());
        case 6:
            return f(std::integral_constant<std::int64_t, signed_power_of_ten(6)>());
        case 9:
            return f(std::integral_constant<std::int64_t, signed_power_of_ten(9)>());
        default:
            return f(signed_power_of_ten(n));
    }
}

// Rounds down, also below zero. `b` is positive.
[[nodiscard]] constexpr std::int64_t floor_div(std::int64_t a, std::int64_t b) {
    return a / b - (a % b < 0 ? 1 : 0);
}

inline constexpr std::size_t kShortDigits = 8;
inline constexpr std::uint64_t kZeroDigits = 0x3030303030303030;  // as text

// The eight digits of a number below 10^8, the first one in the lowest byte; 0 to 9, not '0' to
// '9'.
[[nodiscard]] inline std::uint64_t short_digits(std::uint32_t n) {
    // Halves of four digits, then of two, then of one; divisions are multiplications by about
    // 2^20 / 100 and 2^10 / 10.
    const std::uint64_t fours = n / 10000 | static_cast<std::uint64_t>(n % 10000) << 32U;
    const std::uint64_t hundreds = fours * 10486 >> 20U & 0x0000007F0000007F;
    const std::uint64_t twos = hundreds | (fours - hundreds * 100) << 16U;
    const std::uint64_t tens = twos * 103 >> 10U & 0x000F000F000F000F;
    return tens | (twos - tens * 10) << 8U;
}

}  // namespace logi::block
