// The agent's pages: /ready, /targets, /service-discovery, /config, /metrics, /reload.
#pragma once

#include "agent/discovery/discovery.h"
#include "agent/files/file_targets.h"
#include "agent/receive/receiver.h"
#include "base/metrics.h"
#include "io/executor.h"
#include "net/http.h"

#include <functional>
#include <string>
#include <vector>

namespace logi::agent {

// What the pages show, as it is at the moment.
struct AgentStatus {
    std::vector<ReceiverStatus> receivers;
    std::vector<FileStatus> files;
    std::vector<FileTarget> targets;
    std::vector<DroppedTarget> dropped;
    bool ready = false;
};

class StatusPages {
  public:
    struct Deps {
        const AgentConfig& config;
        const base::Registry& metrics;
        // Calls back with the status, from any thread.
        std::function<void(std::function<void(AgentStatus)>)> status;
        std::function<void()> reload;
    };
    explicit StatusPages(Deps deps) : deps_(std::move(deps)) {}
    // From any thread.
    void handle(const net::HttpRequest& request, const net::Responder& respond) const;

  private:
    const Deps deps_;
};

}  // namespace logi::agent
