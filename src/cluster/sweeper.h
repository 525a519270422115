// Removes segments that were replaced, and leftovers, once nobody can be reading them any more.
#pragma once

#include "base/status.h"
#include "ingest/store.h"

#include <cstdint>
#include <map>
#include <string>

namespace logi::cluster {

// One thread at a time.
class Sweeper {
  public:
    // `grace_ticks`: what was seen to be removable at a tick is removed so many ticks later.
    explicit Sweeper(int grace_ticks) : grace_ticks_(grace_ticks) {}

    // Time has passed.
    void tick() { ++now_; }
    // Asks the bucket, so from a task. Returns how many were removed.
    StatusOr<int> sweep(ingest::Store& store, ingest::Tenant& tenant);

  private:
    const int grace_ticks_;
    std::int64_t now_ = 0;  // ticks
    // Of each tenant, when a segment was first seen to be removable.
    std::map<std::string, std::map<std::string, std::int64_t>> seen_;
};

}  // namespace logi::cluster
