// The labels that targets of docker_sd_configs have before relabelling, as Prometheus names them.
#pragma once

#include "agent/config/agent_config.h"
#include "agent/jmespath/value.h"

#include <map>
#include <string>

namespace logi::agent {

// Of an element of the API's list of networks.
[[nodiscard]] TextMap docker_network_labels(const jmespath::Value& network);

// Of an element of the API's list of containers: of the first network by name, and the first TCP
// port there. `networks` are the labels of networks by id.
[[nodiscard]] TextMap docker_container_labels(const jmespath::Value& container,
                                              const std::map<std::string, TextMap>& networks,
                                              const DockerSdConfig& config);

}  // namespace logi::agent
