// The labels that pods have as targets before relabelling, as Prometheus names them.
#pragma once

#include "agent/config/agent_config.h"
#include "agent/jmespath/value.h"

#include <vector>

namespace logi::agent {

// A target for each port of each container, or one for a container without ports; none before the
// pod has an address.
[[nodiscard]] std::vector<TargetGroup> pod_targets(const jmespath::Value& pod);

}  // namespace logi::agent
