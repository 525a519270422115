// Choices from a seed.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <random>
#include <string>
#include <vector>

namespace logi::reference {

class Dice {
  public:
    explicit Dice(std::uint64_t seed) : engine_(seed) {}
    std::uint64_t seed() { return engine_(); }
    // Uniform in [0, bound).
    std::size_t below(std::size_t bound) { return engine_() % bound; }
    // Uniform in [from, to].
    std::int64_t between(std::int64_t from, std::int64_t to) {
        return from + static_cast<std::int64_t>(below(static_cast<std::size_t>(to - from + 1)));
    }
    bool percent(std::size_t chance) { return below(100) < chance; }
    std::string pick(std::initializer_list<const char*> list) {
        return *(list.begin() + below(list.size()));
    }
    template <typename T>
    const T& pick(const std::vector<T>& list) {
        return list[below(list.size())];
    }

  private:
    std::mt19937_64 engine_;
};

}  // namespace logi::reference
