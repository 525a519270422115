// What flags change in a configuration. For the .cc files of this folder.
#pragma once

#include "agent/config/agent_config.h"

namespace logi::agent {

// kInvalidArgument names the flag.
Status apply_flag_values(const AgentFlags& flags, AgentConfig& c);

}  // namespace logi::agent
