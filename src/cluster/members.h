// Who shares the bucket with this process: each announces itself there, and looks at the others.
// There are no clocks in it: who has not changed for some looks is dead.
//
// What it says may be late by some looks. A process that is taken for dead loses nothing, and one
// that is taken for living does not answer: whoever calls must expect both.
#pragma once

#include "base/metrics.h"
#include "base/mutex.h"
#include "bucket/bucket.h"
#include "cluster/announcement.h"
#include "cluster/announcement_watch.h"
#include "cluster/member.h"
#include "io/executor.h"

#include <memory>
#include <string_view>
#include <vector>

namespace logi::cluster {

// Thread-safe.
class Members {
  public:
    static constexpr Duration kLook = Duration::seconds(10);
    static constexpr int kDeadAfterLooks = 4;  // unchanged: 30 to 40 s

    // All must outlive what the executor still runs. Of `self` the address is not known yet.
    Members(io::Executor& executor, bucket::Bucket& bucket, base::Registry& metrics, Member self);
    // Silent from now on, as if the process were dead.
    ~Members();
    Members(const Members&) = delete;
    Members& operator=(const Members&) = delete;

    // Where it takes calls, once it does; empty: nowhere.
    void start(const std::string& address);
    // Nothing is to be sent here any more: others know at their next look. Asks the bucket, so from
    // a task. It is not a member from then on, and looks no more.
    void leave();

    [[nodiscard]] const std::string& id() const { return id_; }
    // By their ids, with this one unless it has left.
    [[nodiscard]] std::vector<Member> all() const;
    // At least 1, also where none is known.
    [[nodiscard]] int count(std::string_view role) const;
    // Those with that role that take calls, in the order in which they are asked for `key`. This
    // process is among them, if it is one.
    [[nodiscard]] std::vector<Member> ranked_for(std::string_view role, std::string_view key) const;

  private:
    struct State;
    static void look(const std::shared_ptr<State>& state);
    static void look_later(const std::shared_ptr<State>& state, Duration delay);

    io::Executor& executor_;
    bucket::Bucket& bucket_;
    const std::string id_;
    const std::shared_ptr<State> state_;
    const std::shared_ptr<const void> told_;  // to the metrics
};

}  // namespace logi::cluster
