// The newest objects of a writer's own journals, in memory: whoever reads the head asks for them
// here, and not the bucket.
#pragma once

#include "base/mutex.h"
#include "base/status.h"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace logi::journal {

// Thread-safe.
class KeptObjects {
  public:
    struct Objects {
        std::uint64_t last = 0;  // number of the last that was added
        std::vector<std::shared_ptr<const std::string>> objects;
    };

    // With more than that the oldest are forgotten.
    explicit KeptObjects(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}

    // The next object of a journal, which is in the bucket. Of a journal it is told each, in order.
    void add(std::uint64_t journal, std::uint64_t number, std::string object);
    // The journal is in segments.
    void forget(std::uint64_t journal);

    // Those behind number `after`, without a gap. kNotFound if not all of them are here, or the
    // journal is not known.
    [[nodiscard]] StatusOr<Objects> after(std::uint64_t journal, std::uint64_t after) const;

  private:
    struct Kept {
        std::uint64_t first = 0;  // number of the first
        std::deque<std::shared_ptr<const std::string>> objects;
    };
    void make_room() LOGI_REQUIRES(mutex_);

    const std::uint64_t bytes_max_;
    mutable base::Mutex mutex_;
    std::map<std::uint64_t, Kept> journals_ LOGI_GUARDED_BY(mutex_);
    std::uint64_t bytes_ LOGI_GUARDED_BY(mutex_) = 0;
};

}  // namespace logi::journal
