// A segment that is in memory as a whole: just made, or read for a test or a benchmark.
#pragma once

#include "base/check.h"
#include "segment/segment_reader.h"

#include <memory>
#include <string>
#include <utility>

namespace logi::segment {

class MemoryFile final : public SegmentFile {
  public:
    explicit MemoryFile(std::string bytes) : bytes_(std::move(bytes)) {}
    [[nodiscard]] std::uint64_t size() const override { return bytes_.size(); }
    [[nodiscard]] StatusOr<std::string> read(std::uint64_t offset,
                                             std::uint64_t length) const override {
        LOGI_CHECK(offset <= bytes_.size() && length <= bytes_.size() - offset);
        return bytes_.substr(offset, length);
    }

  private:
    const std::string bytes_;
};

// As SegmentReader::open().
inline StatusOr<std::shared_ptr<const SegmentReader>> open_in_memory(std::string bytes,
                                                                     std::string name) {
    return SegmentReader::open(std::make_shared<MemoryFile>(std::move(bytes)), std::move(name));
}

}  // namespace logi::segment
