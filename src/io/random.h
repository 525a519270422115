// Random bits for salts and names, passed in so that a seed can replay a run. Thread-safe.
#pragma once

#include "base/mutex.h"

#include <cstdint>

namespace logi::io {

class Random {
  public:
    virtual ~Random() = default;
    virtual std::uint64_t next_u64() = 0;
    // Uniform in [0, bound); bound must not be 0.
    std::uint64_t below(std::uint64_t bound) { return next_u64() % bound; }
};

// From the operating system.
class SystemRandom final : public Random {
  public:
    std::uint64_t next_u64() override;
};

// SplitMix64 (Steele, Lea, Flood 2014): the same seed gives the same numbers.
class SeededRandom final : public Random {
  public:
    explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
    std::uint64_t next_u64() override;

  private:
    base::Mutex mutex_;
    std::uint64_t state_ LOGI_GUARDED_BY(mutex_);
};

}  // namespace logi::io
