// Which writers seem to be dead: their announcement has not changed for long, or says so. By the
// number of looks alone, so that a clock that jumps kills nobody.
#pragma once

#include "base/status.h"
#include "base/time.h"
#include "bucket/bucket.h"

#include <map>
#include <set>
#include <string>

namespace logi::cluster {

// One thread at a time.
class WriterWatch {
  public:
    // Of looks that are at least so far apart.
    static constexpr Duration kLook = Duration::seconds(5);
    static constexpr int kDeadAfterLooks = 9;  // unchanged: 40 s

    explicit WriterWatch(bucket::Bucket& bucket) : bucket_(bucket) {}

    // Looks at the announcements of these writers, and at all that there are.
    Status look(const std::set<std::string>& writers);
    [[nodiscard]] bool is_dead(const std::string& writer) const;
    // Removes announcements of dead writers, except of these, which have something left.
    Status forget_dead(const std::set<std::string>& writers);

  private:
    struct Seen {
        std::string text;
        int unchanged = 0;  // looks
        bool announced = false;
    };
    bucket::Bucket& bucket_;
    std::map<std::string, Seen> seen_;
};

}  // namespace logi::cluster
