// How much memory streams, entries, labels and metadata of one push may take. Three bytes of a
// hostile body would else become sixty in memory.
#pragma once

#include <algorithm>
#include <cstdint>

namespace logi::wire {

class DecodeBudget {
  public:
    // In logs, an entry or pair is as long as what describes it.
    static constexpr std::uint64_t kBytesPerByte = 4;

    // For a body of `body_bytes`; `bytes_max` is the most for any body.
    DecodeBudget(std::uint64_t body_bytes,
                 std::uint64_t bytes_max,
                 std::uint64_t bytes_per_byte = kBytesPerByte)
        : left_(std::min(bytes_max, kBytesAlways + bytes_per_byte * body_bytes)) {}

    // False when there is no more.
    bool take(std::uint64_t bytes) {
        exhausted_ = exhausted_ || bytes > left_;
        if (!exhausted_) {
            left_ -= bytes;
        }
        return !exhausted_;
    }
    [[nodiscard]] bool exhausted() const { return exhausted_; }

  private:
    // Small bodies may be odd.
    static constexpr std::uint64_t kBytesAlways = 1ULL << 20U;
    std::uint64_t left_;
    bool exhausted_ = false;
};

inline constexpr const char* kTooManyParts =
    "request body too large: too many streams, entries, labels or metadata for its size";

}  // namespace logi::wire
