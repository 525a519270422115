#include "base/cpu.h"

#include <atomic>

namespace logi::base {
namespace {

bool cpu_has_avx2() {
#if defined(__x86_64__)
    return __builtin_cpu_supports("avx2") != 0;
#else
    return false;
#endif
}

std::atomic<int> hidden = 0;

}  // namespace

bool has_avx2() {
    static const bool has = cpu_has_avx2();
    return has && hidden.load(std::memory_order_relaxed) == 0;
}

WithoutAvx2::WithoutAvx2() {
    ++hidden;
}
WithoutAvx2::~WithoutAvx2() {
    --hidden;
}

}  // namespace logi::base
