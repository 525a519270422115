// Who follows all lines of a tenant through one reader.
#pragma once

#include "tail/journal_poll.h"

#include <memory>
#include <set>
#include <string>
#include <vector>

namespace logi::simulation {

struct Following {
    std::shared_ptr<tail::Follower> follower;
    std::set<std::string> before;  // what had been acknowledged when it began
    std::set<std::string> stored;  // what the store had then
    std::set<std::string> came;
};

// What a process has for those who follow.
struct Followed {
    Followed(io::Executor& executor, const io::Clock& clock, base::Registry& metrics);

    // Begins to follow, unless the bucket cannot be asked; `stored` is empty.
    std::shared_ptr<tail::Follower> follow(const std::string& tenant);

    tail::Tails tails;
    std::shared_ptr<tail::JournalPoll> poll;  // once there is a store
    std::map<std::string, Following> by_tenant;
};

// What has come since the last call.
std::vector<std::string> lines_of(tail::Follower& follower);

}  // namespace logi::simulation
