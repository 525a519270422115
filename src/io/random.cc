#include "io/random.h"

#include "base/check.h"

#include <sys/random.h>

namespace logi::io {

std::uint64_t SystemRandom::next_u64() {
    std::uint64_t value = 0;
    LOGI_CHECK(::getrandom(&value, sizeof(value), 0) == static_cast<ssize_t>(sizeof(value)));
    return value;
}

std::uint64_t SeededRandom::next_u64() {
    const base::MutexLock lock(mutex_);
    state_ += 0x9E3779B97F4A7C15ULL;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31U);
}

}  // namespace logi::io
