// Text that has no place where it could be read a second time, kept compressed in a file without a
// name, which is gone when the process is.
#pragma once

#include "base/buffer.h"
#include "base/mutex.h"
#include "base/status.h"

#include <cstdint>
#include <memory>
#include <string_view>

namespace logi::local {

// Thread-safe.
class Spool {
  public:
    // In the folder that TMPDIR names, or /tmp.
    static StatusOr<std::unique_ptr<Spool>> open();
    ~Spool();
    Spool(const Spool&) = delete;
    Spool& operator=(const Spool&) = delete;

    struct Place {
        std::uint64_t offset = 0;
        std::uint64_t stored_bytes = 0;
        std::uint64_t bytes = 0;
    };
    // kUnavailable, for example where the disk is full.
    StatusOr<Place> add(std::string_view text);
    [[nodiscard]] StatusOr<base::Buffer> read(const Place& place) const;

  private:
    explicit Spool(int fd) : fd_(fd) {}
    const int fd_;
    base::Mutex mutex_;
    std::uint64_t end_ LOGI_GUARDED_BY(mutex_) = 0;
};

}  // namespace logi::local
