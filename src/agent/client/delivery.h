// Where entries leave the agent: to every client, within the limits, and back comes how far each
// source is delivered.
#pragma once

#include "absl/container/flat_hash_set.h"
#include "agent/client/client.h"
#include "agent/client/progress.h"
#include "agent/config/agent_config.h"
#include "agent/positions/read_log.h"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace logi::agent {

// On one strand.
class Delivery {
  public:
    using Printer = std::function<void(const Entry&)>;
    // kInvalidArgument if a client's configuration is wrong. All must outlive the delivery.
    static StatusOr<std::unique_ptr<Delivery>> make(const AgentConfig& config,
                                                    const Client::Deps& deps,
                                                    ReadLog& log);
    // Prints instead of sending.
    static std::unique_ptr<Delivery> printing(const AgentConfig& config,
                                              const Client::Deps& deps,
                                              ReadLog& log,
                                              Printer printer);

    // `position` is where the source goes on when all before it is delivered. `key` is the text of
    // the entry's labels. The line may be cut.
    void add(const std::shared_ptr<Progress>& progress,
             Entry& entry,
             std::string_view key,
             std::uint64_t position);
    // False: sources should wait for on_room.
    [[nodiscard]] bool has_room() const;
    // Called whenever there may be room again.
    void on_room(std::function<void()> callback) { on_room_ = std::move(callback); }

    // Somebody waits for what was added.
    void hurry();
    // Calls back once nothing is under way, and every source is told.
    void flush(std::function<void()> done);
    // What does not arrive at once stays undelivered.
    void stop(std::function<void()> done);

  private:
    Delivery(const LimitsConfig& limits, base::Registry& metrics, ReadLog& log)
        : limits_(limits), metrics_(metrics), log_(log) {}
    // False: the entry is dropped.
    bool within_limits(Entry& entry, std::string_view key);
    void drop(const Entry& entry, const std::string& reason);
    void check_done();

    const LimitsConfig limits_;
    base::Registry& metrics_;
    ReadLog& log_;
    std::vector<std::unique_ptr<Client>> clients_;
    Printer printer_;
    std::uint64_t generation_ = 0;  // of batches, see Progress
    absl::flat_hash_set<std::string> streams_;
    std::function<void()> on_room_ = [] {
    };
    std::function<void()> on_flushed_;
    bool stopping_ = false;
};

}  // namespace logi::agent
