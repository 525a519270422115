// Bounds the memory of work that is under way together; what does not fit waits its turn.
#pragma once

#include "base/mutex.h"
#include "io/executor.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>

namespace logi::api {

// Thread-safe.
class ByteBudget {
  public:
    // Gives its bytes back when the last copy goes; may outlive the budget, but not the executor.
    using Ticket = std::shared_ptr<void>;

    ByteBudget(io::Executor& executor, std::uint64_t bytes_max)
        : state_(std::make_shared<State>(executor, bytes_max)) {}

    // Null if `bytes` do not fit now or others wait. More than all counts as all.
    Ticket try_take(std::uint64_t bytes);
    // Runs `task` on the executor once they fit, in the order of the calls.
    void take(std::uint64_t bytes, std::function<void(Ticket)> task);

  private:
    struct Waiting {
        std::uint64_t bytes;
        std::function<void(Ticket)> task;
    };
    struct State {
        State(io::Executor& e, std::uint64_t bytes) : executor(e), bytes_max(bytes), left(bytes) {}
        io::Executor& executor;
        const std::uint64_t bytes_max;
        base::Mutex mutex;
        std::uint64_t left LOGI_GUARDED_BY(mutex);
        std::deque<Waiting> waiting LOGI_GUARDED_BY(mutex);
    };
    static Ticket ticket(const std::shared_ptr<State>& state, std::uint64_t bytes);
    static void give_back(const std::shared_ptr<State>& state, std::uint64_t bytes);

    std::shared_ptr<State> state_;
};

}  // namespace logi::api
