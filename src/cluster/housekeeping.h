// What one process does for all that share a bucket: it takes over journals of dead writers, has
// segments merged, and sweeps what nobody needs.
//
// All of it may be done by several at once without harm; a claim (bucket/claimed_bucket.h) keeps
// others from doing the same work.
#pragma once

#include "base/metrics.h"
#include "cluster/announcement_watch.h"
#include "cluster/sweeper.h"
#include "cluster/takeover.h"
#include "ingest/store.h"
#include "io/executor.h"
#include "journal/registry.h"

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace logi::cluster {

struct HousekeepingOptions {
    std::string name;                           // of this process, in seals
    Duration interval = Duration::minutes(10);  // between rounds of merging; 0: none
    // What was replaced can be read for so long.
    Duration grace = Duration::minutes(30);
    // Merges what there is; then calls its argument.
    std::function<void(io::Task done)> compact;
};

// Thread-safe. Everything runs as tasks on the executor.
class Housekeeping {
  public:
    static constexpr Duration kLook = Duration::seconds(5);  // at writers; at least
    static constexpr int kDeadAfterLooks = 9;                // unchanged: 40 s
    // Looks after a journal was taken over, until it is removed.
    static constexpr int kRemovedAfterLooks = 3;
    static_assert(kLook.ns * (kRemovedAfterLooks - 1) >= journal::kKeptFor.ns);

    // Both must outlive what the executor still runs.
    Housekeeping(ingest::Store& store,
                 io::Executor& executor,
                 base::Registry& metrics,
                 HousekeepingOptions options);
    // Only after stop(), or when the executor runs no more tasks.
    ~Housekeeping();
    Housekeeping(const Housekeeping&) = delete;
    Housekeeping& operator=(const Housekeeping&) = delete;

    void start();
    // Nothing more is begun; `done` when nothing is under way.
    void stop(io::Task done);

  private:
    void after(Duration delay, void (Housekeeping::*work)());
    void look();
    Status take_over();
    Status take_over(std::uint64_t journal);
    void round();
    void sweep();

    ingest::Store& store_;
    io::Executor& executor_;
    const HousekeepingOptions options_;
    const base::Counter taken_over_;
    const base::Counter damaged_;
    const base::Counter swept_;
    const std::shared_ptr<std::atomic<bool>> alive_ = std::make_shared<std::atomic<bool>>(true);
    // Touched on the strand only.
    AnnouncementWatch watch_;
    struct Leaving {
        TakenOver taken;
        int looks = 0;  // since then
    };
    std::map<std::uint64_t, Leaving> leaving_;  // by journal
    Sweeper sweeper_;
    io::Strand strand_;
};

}  // namespace logi::cluster
