// Live tails: who follows which query of which tenant. What is taken in comes here once it is
// durable and applied, is evaluated once per query on the executor, and reaches all who follow it.
// Nothing here holds up the taking in: what a follower, or the evaluation, has no room for is lost
// to them, and counted; of a push that is lost whole only the first streams are.
#pragma once

#include "absl/container/flat_hash_map.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "tail/follower.h"
#include "tail/hub.h"

#include <atomic>
#include <map>
#include <memory>
#include <string>

namespace logi::tail {

struct TailOptions {
    std::int64_t follower_bytes_max = 4LL << 20U;  // that wait for one
    std::int64_t bytes_max = 256LL << 20U;         // that wait for all, counted for each
};

// Thread-safe.
class Tails {
  public:
    // The executor and the clock must outlive it.
    Tails(io::Executor& executor,
          const io::Clock& clock,
          base::Registry& metrics,
          Render render,
          TailOptions options = {});

    // Whether anybody follows, of any tenant or of that.
    [[nodiscard]] bool anybody() const { return followers_ != 0; }
    [[nodiscard]] bool follows(const std::string& tenant);

    // Entries of a tenant that are durable and can be queried.
    void publish(const std::string& tenant,
                 std::shared_ptr<const std::vector<ingest::AcceptedStream>> streams,
                 std::shared_ptr<const std::string> record);

    struct Follow {
        std::string tenant;
        const logql::LogExpr& log;
        Form form = Form::kPlain;
        Duration delay;                  // by which entries are held back
        std::int64_t followers_max = 0;  // of the tenant; 0: any
    };
    // It gets what is published from now on, until leave(). kResourceExhausted with Loki's text
    // when the tenant has too many; kInvalidArgument for stages that cannot be compiled.
    StatusOr<std::shared_ptr<Follower>> follow(const Follow& wanted);
    void leave(const std::string& tenant, const std::shared_ptr<Follower>& follower);
    // All who follow now get nothing more, and are told why.
    void end(const std::string& why);

  private:
    struct TenantTails {
        std::map<std::string, std::shared_ptr<Hub>> hubs;  // by query
        std::map<const Follower*, std::string> followers;  // and the query of each
    };
    // Null if there is none.
    std::shared_ptr<Hub> find_hub(const std::string& tenant, const std::string& query);

    std::shared_ptr<Shared> shared_;
    std::atomic<std::size_t> followers_{0};
    base::Mutex mutex_;
    absl::flat_hash_map<std::string, TenantTails> tenants_ LOGI_GUARDED_BY(mutex_);
    std::shared_ptr<const void> metrics_;  // told as long as it lives
};

}  // namespace logi::tail
