// CPU time of the calling thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <ctime>

namespace logi::bench {

inline double cpu_s() {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

// Over many short stretches.
class Stopwatch {
  public:
    template <typename F>
    void measure(F&& work) {
        const double begin = cpu_s();
        work();
        seconds_ += cpu_s() - begin;
    }
    [[nodiscard]] double mb_per_s(std::size_t bytes) const {
        return static_cast<double>(bytes) / seconds_ / 1e6;
    }

  private:
    double seconds_ = 0;
};

// The best of several runs.
template <typename F>
double best_gb_per_s(std::size_t runs, std::size_t bytes, F&& work) {
    double best = 0;
    for (std::size_t i = 0; i < runs; ++i) {
        Stopwatch watch;
        watch.measure(work);
        best = std::max(best, watch.mb_per_s(bytes) / 1e3);
    }
    return best;
}

}  // namespace logi::bench
