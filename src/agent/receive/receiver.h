// A target that receives messages from the network.
#pragma once

#include "base/status.h"

#include <string>

namespace logi::agent {

struct ReceiverStatus {
    std::string job;
    std::string kind;     // as the configuration calls it
    std::string address;  // where it listens
    std::string details;
};

class Receiver {
  public:
    virtual ~Receiver() = default;
    // Listens. kUnavailable if the address cannot be bound; kInvalidArgument for certificates that
    // cannot be used. Not on the strand.
    virtual Status start() = 0;
    // Takes what has arrived already and listens no more. Waits for the strand: not on it.
    virtual void shutdown() = 0;

    // On the strand.
    // There is room for more again.
    virtual void read_on() = 0;
    // After shutdown(): what waits for room, and what stages hold, goes on its way.
    virtual void finish() = 0;
    [[nodiscard]] virtual ReceiverStatus status() const = 0;
};

}  // namespace logi::agent
