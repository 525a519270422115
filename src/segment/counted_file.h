// For tests: a file in memory.
#pragma once

#include "segment/paged_file.h"

#include <cstdint>
#include <string>
#include <utility>

namespace logi::segment {

// Counts what is read, as a metric of the bucket does, and fails on demand.
class CountedFile final : public SegmentFile {
  public:
    explicit CountedFile(std::string bytes) : bytes_(std::move(bytes)) {}
    [[nodiscard]] std::uint64_t size() const override { return bytes_.size(); }
    [[nodiscard]] StatusOr<std::string> read(std::uint64_t offset,
                                             std::uint64_t length) const override {
        ++reads;
        bytes_read += length;
        if (failing) {
            return absl::UnavailableError("not now");
        }
        return bytes_.substr(offset, length);
    }
    void forget() {
        reads = 0;
        bytes_read = 0;
    }

    mutable std::uint64_t reads = 0;
    mutable std::uint64_t bytes_read = 0;
    bool failing = false;

  private:
    const std::string bytes_;
};

}  // namespace logi::segment
