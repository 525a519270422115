// kubernetes_sd_configs of the role pod.
#pragma once

#include "agent/discovery/discovery.h"
#include "agent/discovery/fetch.h"

#include <memory>

namespace logi::agent {

// kNotFound inside no cluster, where the configuration names no api_server.
StatusOr<std::unique_ptr<Discovery>> discover_pods(const HttpDeps& deps,
                                                   const KubernetesSdConfig& config);

}  // namespace logi::agent
