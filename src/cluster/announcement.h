// A writer tells that it lives: an object that changes every few seconds.
//
//   writers/<id>    a text that changes, or "ended"
#pragma once

#include "base/mutex.h"
#include "bucket/bucket.h"
#include "io/executor.h"

#include <memory>
#include <string>

namespace logi::cluster {

inline constexpr const char* kWritersFolder = "writers";
inline constexpr const char* kEnded = "ended";

class Announcement {
  public:
    static constexpr Duration kBeat = Duration::seconds(5);

    // Executor and bucket must outlive what the executor still runs.
    Announcement(io::Executor& executor, bucket::Bucket& bucket, std::string writer);
    // Silent from now on, as if the process were dead.
    ~Announcement();
    Announcement(const Announcement&) = delete;
    Announcement& operator=(const Announcement&) = delete;

    void start();
    // Tells that nothing more comes: others need not wait. Asks the bucket, so from a task.
    void end();

  private:
    struct Life;
    static void beat(const std::shared_ptr<Life>& life);
    const std::shared_ptr<Life> life_;
};

}  // namespace logi::cluster
