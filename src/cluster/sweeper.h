// Removes segments that were replaced, and leftovers, once nobody can be reading them any more; and
// from the catalogs what they know of journals that are gone.
#pragma once

#include "base/status.h"
#include "ingest/store.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace logi::cluster {

// One thread at a time.
class Sweeper {
  public:
    // `grace_ticks`: what was seen to be removable at a tick is removed so many ticks later.
    explicit Sweeper(int grace_ticks) : grace_ticks_(grace_ticks) {}

    // Time has passed.
    void tick() { ++now_; }
    // `registered`: the journals that there are, sorted, asked for since the last call for the
    // tenant. Asks the bucket, so from a task. Returns how many segments were removed.
    StatusOr<int> sweep(ingest::Store& store,
                        ingest::Tenant& tenant,
                        const std::vector<std::uint64_t>& registered);

  private:
    struct Seen {
        // When a segment was first seen to be removable.
        std::map<std::string, std::int64_t> segments;
        // When a journal that the catalog knows was first seen to be gone. kUnsure: it may have
        // been registered after `registered` was asked for.
        std::map<std::uint64_t, std::int64_t> journals;
    };
    static constexpr std::int64_t kUnsure = -1;
    [[nodiscard]] bool is_over(std::int64_t since) const;
    std::vector<std::uint64_t> gone_journals(const catalog::Snapshot& snapshot,
                                             const std::vector<std::uint64_t>& registered,
                                             Seen& seen) const;

    const int grace_ticks_;
    std::int64_t now_ = 0;              // ticks
    std::map<std::string, Seen> seen_;  // by tenant
};

}  // namespace logi::cluster
