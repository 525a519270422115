// Which processes seem to be dead: their announcement has not changed for long, or says that they
// have ended. By the number of looks alone, so that a clock that jumps kills nobody.
#pragma once

#include "base/status.h"
#include "base/time.h"
#include "bucket/bucket.h"

#include <map>
#include <set>
#include <string>

namespace logi::cluster {

// One thread at a time.
class AnnouncementWatch {
  public:
    // Of the announcements in `folder`. Who has not changed in so many looks is dead, and who has
    // said that it ends, at once.
    AnnouncementWatch(bucket::Bucket& bucket, std::string folder, int dead_after_looks)
        : bucket_(bucket), folder_(std::move(folder)), dead_after_looks_(dead_after_looks) {}

    // Looks at the announcements of these, and at all that there are.
    Status look(const std::set<std::string>& also = {});
    [[nodiscard]] bool is_dead(const std::string& who) const;
    // Of those who are not dead, and have been seen to change or to come: what they announce. What
    // dead ones have left, a first look cannot tell from the living.
    [[nodiscard]] std::map<std::string, std::string> living() const;
    // Removes announcements of the dead, except of these, which have something left.
    Status forget_dead(const std::set<std::string>& except = {});

  private:
    struct Seen {
        std::string text;
        int unchanged = 0;  // looks
        bool announced = false;
        bool lives = false;  // it was seen to change, or to come
    };
    bucket::Bucket& bucket_;
    const std::string folder_;
    const int dead_after_looks_;
    bool has_looked_ = false;
    std::map<std::string, Seen> seen_;
};

}  // namespace logi::cluster
