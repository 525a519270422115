// How processes that share a bucket share groups out, so that each is evaluated by one at a time.
//
//   rulers/members/<id>       a text that changes with every look of the process, and the number of
//                             the list that it goes by
//   rulers/lists/<number>     the processes among which groups are divided; the greatest counts
//
// Of the processes of a list each has the groups for which it hashes highest. Who sees a new list
// begins nothing more that another has by it, and tells of the list once nothing such is under way.
// Groups that the new list gives to a process are evaluated there once all others have told so, or
// have been silent for kDeadAfterLooks. Who cannot tell that it lives for kFencedAfter evaluates
// nothing: it will be taken for dead. The member with the least id makes lists.
#pragma once

#include "base/mutex.h"
#include "bucket/bucket.h"
#include "io/clock.h"
#include "io/executor.h"
#include "rule/ruler.h"

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace logi::rule {

class ClusterShares final : public Shares {
  public:
    // All must outlive what the executor still runs.
    struct Deps {
        io::Executor& executor;
        bucket::Bucket& bucket;
        const io::Clock& clock;
    };
    static constexpr Duration kLook = Duration::seconds(5);
    static constexpr Duration kFencedAfter = Duration::seconds(20);
    static constexpr int kDeadAfterLooks = 9;     // 45 s
    static constexpr int kForgetAfterLooks = 60;  // then its object is removed

    // `id` is of this run of the process, and nobody else's.
    ClusterShares(const Deps& deps, std::string id);
    ~ClusterShares() override;

    void start();
    // When nothing is evaluated any more: others need not wait for it. Asks the bucket, so from a
    // task.
    void leave();

    std::shared_ptr<const Lease> enter(const GroupKey& key) override;

  private:
    class Held;
    struct State;
    struct Member {
        std::string text;
        std::uint64_t list = 0;  // that it goes by
        int unchanged = 0;       // looks
    };
    void look_later();
    void look();
    // True: there is a new list to look at. `counts`: time has passed since the look before.
    StatusOr<bool> look_once(bool counts);
    StatusOr<std::uint64_t> learn_list();
    Status tell(Timestamp begin);
    Status watch_members(bool counts);
    StatusOr<bool> make_list(std::uint64_t newest);
    void remove_old(std::uint64_t newest);

    const Deps deps_;
    const std::string id_;
    io::Strand strand_;
    // Touched on the strand only.
    std::map<std::string, Member> others_;
    std::uint64_t looks_ = 0;
    const std::shared_ptr<State> state_;
};

}  // namespace logi::rule
