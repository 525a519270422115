// The agent: puts the parts together and runs them until a signal.
#pragma once

#include "agent/config/agent_config.h"

namespace logi::agent {

// Runs until SIGINT or SIGTERM, or until the end of standard input if that is its source; SIGHUP
// reads the configuration again. Returns the exit status.
int run(const AgentFlags& flags);

}  // namespace logi::agent
