// What a query may hold in memory. Thread-safe.
#pragma once

#include "base/status.h"

#include <atomic>
#include <cstdint>

namespace logi::exec {

class MemoryBudget {
  public:
    explicit MemoryBudget(std::int64_t limit_bytes) : limit_bytes_(limit_bytes) {}

    // Adds `bytes`, which may be negative. kResourceExhausted, with what to do about it, once the
    // limit is passed.
    Status charge(std::int64_t bytes) {
        if (used_bytes_.fetch_add(bytes, std::memory_order_relaxed) + bytes <= limit_bytes_) {
            return absl::OkStatus();
        }
        return absl::ResourceExhaustedError(
            "the query needs more memory than a query may use; shorten its time range, add label "
            "matchers or filters, aggregate with sum() or by fewer labels, or use a larger step");
    }

    void give_back(std::int64_t bytes) { used_bytes_.fetch_sub(bytes, std::memory_order_relaxed); }

    // What may still be charged.
    [[nodiscard]] std::int64_t left_bytes() const {
        return limit_bytes_ - used_bytes_.load(std::memory_order_relaxed);
    }

  private:
    const std::int64_t limit_bytes_;
    std::atomic<std::int64_t> used_bytes_{0};
};

}  // namespace logi::exec
