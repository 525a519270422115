// The names of machines that send messages, as the resolver has them.
#pragma once

#include "absl/container/flat_hash_map.h"
#include "io/clock.h"
#include "io/executor.h"

#include <functional>
#include <memory>
#include <string>

namespace logi::agent {

// On one strand; looking up blocks a task of `executor`. Forgets names after a while.
class PeerNames {
  public:
    // `on_found` when a name that was asked for is there, or is known not to be.
    PeerNames(const io::Clock& clock,
              io::Executor& executor,
              io::Strand& strand,
              std::function<void()> on_found)
        : clock_(clock), executor_(executor), strand_(strand), on_found_(std::move(on_found)) {}
    ~PeerNames() { *alive_ = false; }
    PeerNames(const PeerNames&) = delete;
    PeerNames& operator=(const PeerNames&) = delete;

    // Null until the resolver has answered; empty: it has no name.
    const std::string* find(const std::string& address);

  private:
    struct Name {
        std::string text;
        Timestamp until;
        bool asked = false;
    };
    void ask(const std::string& address);

    const io::Clock& clock_;
    io::Executor& executor_;
    io::Strand& strand_;
    const std::function<void()> on_found_;
    absl::flat_hash_map<std::string, Name> names_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace logi::agent
