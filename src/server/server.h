// The server process: puts the parts together and runs them until a signal.
#pragma once

#include "config/config.h"
#include "server/roles.h"

namespace logi::server {

// Serves until SIGINT or SIGTERM. Returns the exit status: 0 after a clean shutdown, 1 if it could
// not start or stop cleanly.
int run(const config::Config& config, const Roles& roles);

}  // namespace logi::server
