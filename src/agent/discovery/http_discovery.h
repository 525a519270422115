// http_sd_configs: a server that tells of groups of targets.
#pragma once

#include "agent/discovery/discovery.h"
#include "agent/discovery/fetch.h"

#include <memory>

namespace logi::agent {

// Asks every refresh_interval. What cannot be had or read leaves the groups as they are.
std::unique_ptr<Discovery> discover_by_http(const HttpDeps& deps, const HttpSdConfig& config);

}  // namespace logi::agent
