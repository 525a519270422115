// A process tells that it lives: an object that changes every few seconds.
//
//   beat <number>     and lines with what else there is to tell; or
//   ended
#pragma once

#include "base/mutex.h"
#include "bucket/bucket.h"
#include "io/executor.h"

#include <memory>
#include <string>

namespace logi::cluster {

inline constexpr const char* kWritersFolder = "writers";
inline constexpr const char* kEnded = "ended";

struct Announced {
    std::string key;    // of the object: writers/<id>
    std::string facts;  // to be told with each beat; may be empty
    Duration beat = Duration::seconds(5);
};

class Announcement {
  public:
    // Executor and bucket must outlive what the executor still runs.
    Announcement(io::Executor& executor, bucket::Bucket& bucket, Announced what);
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
