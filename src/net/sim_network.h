// A network for simulations (net/caller.h): calls are late, overtake each other, get lost, arrive
// twice; a seed decides. Time is that of the executor. Not thread-safe.
#pragma once

#include "io/executor.h"
#include "io/random.h"
#include "net/caller.h"

#include <cstdint>
#include <memory>
#include <string>

namespace logi::net {

// How often, in a thousand.
struct NetworkFaults {
    std::uint32_t lost_calls = 0;    // the handler never runs
    std::uint32_t lost_answers = 0;  // it runs, and nobody hears of it
    std::uint32_t twice = 0;         // it runs twice
    // What is lost is noticed at once (kUnavailable), where it is not silence until the timeout.
    std::uint32_t noticed = 500;
    Duration delay_max = Duration::millis(20);  // of a call, and of an answer
};

class SimNetwork {
  public:
    struct Counts {
        std::uint64_t calls = 0;
        std::uint64_t answered = 0;  // by their handlers, and heard
        std::uint64_t lost = 0;
        std::uint64_t twice = 0;
    };

    // Both must outlive what the executor still runs.
    SimNetwork(io::Executor& executor, io::Random& random, const NetworkFaults& faults);
    ~SimNetwork();
    SimNetwork(const SimNetwork&) = delete;
    SimNetwork& operator=(const SimNetwork&) = delete;

    // Calls to `address` go to `table` until leave().
    void listen(const std::string& address, const CallTable& table);
    // As when the process has died: nothing of it is heard any more.
    void leave(const std::string& address);
    // A process that hangs takes calls and says nothing.
    void set_hanging(const std::string& address, bool hangs);
    // Nothing passes between the two, in silence.
    void set_cut(const std::string& a, const std::string& b, bool cut);

    // Calls by the process at `address`; its own address may be called, too.
    [[nodiscard]] std::unique_ptr<Caller> caller(const std::string& address);
    [[nodiscard]] Counts counts() const;

  private:
    struct Impl;
    const std::shared_ptr<Impl> impl_;
};

}  // namespace logi::net
