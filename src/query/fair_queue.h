// Reading in fair turns: what tenants want read waits in a queue for each, and the one that has
// had the least time is next, so that many queries of one hardly slow down those of another.
//
// Turns are as long as one task: what reads much does it in many tasks.
#pragma once

#include "base/metrics.h"
#include "base/status.h"
#include "io/clock.h"
#include "io/executor.h"

#include <cstddef>
#include <memory>
#include <string>

namespace logi::query {

// Thread-safe. May go before its requests do; the executor, the clock and the metrics outlive both.
class FairQueue {
  public:
    // A tenant's requests that are under way are at most `requests_max`, 0: as many as come.
    FairQueue(io::Executor& executor,
              const io::Clock& clock,
              base::Registry& metrics,
              std::size_t requests_max);
    ~FairQueue();

    // A request of a tenant, until the last reference to what is returned goes. Its post_long()
    // waits for the tenant's turn; of the tenant's tasks no more than `parallelism_max` run at
    // once, as the last request has it. kResourceExhausted, with Loki's text: too many requests.
    StatusOr<std::shared_ptr<io::Executor>> enter(const std::string& tenant,
                                                  std::size_t parallelism_max);

  private:
    class Request;
    struct Lane;
    struct State;
    std::shared_ptr<State> state_;
    std::shared_ptr<const void> lengths_;  // told in metrics as long as it lives
};

}  // namespace logi::query
