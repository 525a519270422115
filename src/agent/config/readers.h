// Parts of the configuration, read from YAML. For .cc files.
#pragma once

#include "agent/config/agent_config.h"

namespace YAML {
class Node;
}

namespace logi::agent {

// Throws config::BadConfig.
ClientConfig read_client(const YAML::Node& node);
ScrapeConfig read_scrape_config(const YAML::Node& node);
// Also of special targets.
std::vector<RelabelRule> read_relabel_rules(const YAML::Node& list);
std::vector<TargetGroup> read_target_groups(const YAML::Node& list);

}  // namespace logi::agent
