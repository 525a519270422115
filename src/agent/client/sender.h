// Push requests to one server.
#pragma once

#include "agent/config/agent_config.h"
#include "base/status.h"
#include "io/clock.h"

#include <memory>
#include <string>

namespace logi::agent {

struct PushAnswer {
    int status = 0;
    std::string first_line;  // of the body of an error
};

// One thread at a time; blocks.
class Sender {
  public:
    // kInvalidArgument for an address that is none, or for certificates that cannot be read.
    static StatusOr<std::unique_ptr<Sender>> make(const ClientConfig& config,
                                                  const io::Clock& clock);
    virtual ~Sender() = default;
    // An error: there is no answer. Passwords and tokens of files are read anew each time.
    virtual StatusOr<PushAnswer> push(const std::string& tenant, const std::string& body) = 0;
    // host:port, for metrics.
    [[nodiscard]] virtual const std::string& host() const = 0;
};

}  // namespace logi::agent
