// Where targets come from: groups of targets, which relabelling then turns into targets.
#pragma once

#include "agent/config/agent_config.h"
#include "agent/files/file_targets.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace logi::agent {

// On one strand.
class Discovery {
  public:
    virtual ~Discovery() = default;
    // Begins to look; calls back on the strand whenever groups() has changed since.
    virtual void start(std::function<void()> on_change) = 0;
    // Looks again for what gives no sign when it changes.
    virtual void refresh() {}
    // Asks nobody any more.
    virtual void stop() {}
    [[nodiscard]] virtual const std::vector<TargetGroup>& groups() const = 0;
};

// static_configs. Targets of other hosts are none.
std::unique_ptr<Discovery> discover_static(const std::vector<TargetGroup>& groups,
                                           const std::string& hostname);
// file_sd_configs: files of groups, JSON or YAML, read again when they have changed.
std::unique_ptr<Discovery> discover_in_files(const FileSdConfig& config);

// What became of a target that is none.
struct DroppedTarget {
    std::string job;
    Labels discovered;
    std::string reason;
};

// Relabels the targets of a group; those with a __path__ become targets.
void resolve_targets(const ScrapeConfig& scrape,
                     const TargetGroup& group,
                     const std::string& hostname,
                     std::vector<FileTarget>& targets,
                     std::vector<DroppedTarget>& dropped);

}  // namespace logi::agent
