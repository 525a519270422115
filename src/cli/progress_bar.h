// How far a long job is: on a terminal a bar with rate and remaining time.
#pragma once

#include "base/time.h"

#include <cstdint>
#include <string>

namespace logi::cli {

// One thread.
class ProgressBar {
  public:
    // `total`: of what `done` counts; 0: it is not known. `unit_bytes`: they are bytes, else parts.
    ProgressBar(std::uint64_t total, bool unit_bytes);
    ~ProgressBar();
    ProgressBar(const ProgressBar&) = delete;
    ProgressBar& operator=(const ProgressBar&) = delete;

    // Both so far; of what was done before this run `skipped`, which has no share in the rate.
    void show(std::uint64_t done, std::uint64_t lines, std::uint64_t skipped = 0);
    // Removes it, so that something else can be said.
    void clear();

  private:
    [[nodiscard]] std::string text(std::uint64_t done,
                                   std::uint64_t lines,
                                   std::uint64_t skipped,
                                   double seconds) const;

    const std::uint64_t total_;
    const bool unit_bytes_;
    const bool shown_;
    const Timestamp begin_;
    Timestamp last_;
    bool there_ = false;
};

// 1h02m, 3m20s, 12s.
[[nodiscard]] std::string short_duration(double seconds);
// 1.5 GB, 320 MB, 12 kB.
[[nodiscard]] std::string short_bytes(double bytes);

}  // namespace logi::cli
