// Random numbers of the benchmark's corpora: the same on every machine, for whole numbers and for
// what is computed from them with IEEE arithmetic.
#pragma once

#include <cstddef>
#include <cstdint>

namespace logi::bench {

// One step of splitmix64: a well mixed function of `x`.
constexpr std::uint64_t mix64(std::uint64_t x) {
    x += 0x9E3779B97F4A7C15ULL;
    x = (x ^ (x >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    x = (x ^ (x >> 27U)) * 0x94D049BB133111EBULL;
    return x ^ (x >> 31U);
}

class Random {
  public:
    explicit Random(std::uint64_t seed) : state_(mix64(seed)) {}

    std::uint64_t next() {
        state_ += 0x9E3779B97F4A7C15ULL;
        return mix64(state_);
    }
    // In [0, n); n is below 2^32.
    std::uint64_t below(std::uint64_t n) { return ((next() >> 32U) * n) >> 32U; }
    // In [low, high].
    std::uint64_t between(std::uint64_t low, std::uint64_t high) {
        return low + below(high - low + 1);
    }
    // In [0, 1).
    double unit() { return static_cast<double>(next() >> 11U) * 0x1p-53; }
    bool chance(double p) { return unit() < p; }
    // In [0, n), small numbers far more often than great ones: a few users and products make most
    // of the traffic.
    std::uint64_t skewed(std::uint64_t n) {
        const double u = unit();
        return static_cast<std::uint64_t>(static_cast<double>(n) * u * u * u);
    }
    // Around `typical`, seldom up to 60 times of it: as latencies are.
    std::uint64_t long_tailed(std::uint64_t typical) {
        const double u = unit();
        const double tail = u * u * u * u * u * u;
        return static_cast<std::uint64_t>(static_cast<double>(typical) *
                                          (0.4 + unit() + 60 * tail * tail));
    }
    template <typename T, std::size_t N>
    const T& pick(const T (&list)[N]) {
        return list[below(N)];
    }
    template <typename T, std::size_t N>
    const T& pick_skewed(const T (&list)[N]) {
        return list[skewed(N)];
    }

  private:
    std::uint64_t state_;
};

}  // namespace logi::bench
