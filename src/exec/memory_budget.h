// What a query may hold in memory. Thread-safe.
#pragma once

#include "base/status.h"

#include <atomic>
#include <cstdint>

namespace logi::exec {

class MemoryBudget {
  public:
    explicit MemoryBudget(std::int64_t limit_bytes) : limit_bytes_(limit_bytes) {}
    // Of one that works for a query among others: what it holds is the query's, and is given back
    // when it ends. `whole` must outlive it.
    explicit MemoryBudget(MemoryBudget* whole) : limit_bytes_(whole->limit_bytes_), whole_(whole) {}
    ~MemoryBudget() { give_all_back(); }
    MemoryBudget(const MemoryBudget&) = delete;
    MemoryBudget& operator=(const MemoryBudget&) = delete;

    // Adds `bytes`, which may be negative. kResourceExhausted, with what to do about it, once the
    // limit is passed.
    Status charge(std::int64_t bytes) {
        const std::int64_t used = used_bytes_.fetch_add(bytes, std::memory_order_relaxed) + bytes;
        if (whole_ != nullptr) {
            return whole_->charge(bytes);
        }
        if (used <= limit_bytes_) {
            return absl::OkStatus();
        }
        return absl::ResourceExhaustedError(
            "the query needs more memory than a query may use; shorten its time range, add label "
            "matchers or filters, aggregate with sum() or by fewer labels, or use a larger step");
    }

    void give_back(std::int64_t bytes) {
        used_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
        if (whole_ != nullptr) {
            whole_->give_back(bytes);
        }
    }
    void give_all_back() { give_back(used_bytes_.load(std::memory_order_relaxed)); }

    // What may still be charged.
    [[nodiscard]] std::int64_t left_bytes() const {
        return whole_ != nullptr ? whole_->left_bytes()
                                 : limit_bytes_ - used_bytes_.load(std::memory_order_relaxed);
    }

  private:
    const std::int64_t limit_bytes_;
    MemoryBudget* const whole_ = nullptr;
    std::atomic<std::int64_t> used_bytes_{0};
};

}  // namespace logi::exec
