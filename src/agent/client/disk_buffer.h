// Batches that could not be sent, kept on disk until they can: each a file of its own, synced
// before it counts. For sources that cannot be read again, and so that others need not wait.
#pragma once

#include "base/status.h"
#include "io/file_system.h"
#include "io/random.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace logi::bucket {
class Bucket;
}

namespace logi::agent {

// As the server gets it.
struct StoredBatch {
    std::string tenant;
    std::uint64_t entries = 0;
    std::uint64_t bytes = 0;  // of lines and metadata
    std::string body;
};

// Calls block; they are safe from any thread.
class DiskBuffer {
  public:
    struct Held {
        std::uint64_t number = 0;
        std::uint64_t disk_bytes = 0;
    };
    // What an earlier run left behind is there, oldest first. `files` and `random` must outlive it.
    // kUnavailable if the folder cannot be used, or another agent uses it.
    static StatusOr<std::unique_ptr<DiskBuffer>> open(io::FileSystem& files,
                                                      io::Random& random,
                                                      const std::string& dir);
    ~DiskBuffer();

    [[nodiscard]] const std::vector<Held>& found() const { return found_; }
    // Durable when OK; returns the bytes on disk. `number` is greater than all before.
    StatusOr<std::uint64_t> put(std::uint64_t number, const StoredBatch& batch);
    // kDataLoss if it is damaged.
    StatusOr<StoredBatch> get(std::uint64_t number);
    // A damaged one is kept, out of the way.
    Status set_aside(std::uint64_t number);
    // It has arrived, or is given up.
    Status remove(std::uint64_t number);

  private:
    DiskBuffer(std::unique_ptr<io::FileLock> lock, std::unique_ptr<bucket::Bucket> bucket);
    const std::unique_ptr<io::FileLock> lock_;
    const std::unique_ptr<bucket::Bucket> bucket_;
    std::vector<Held> found_;
};

}  // namespace logi::agent
