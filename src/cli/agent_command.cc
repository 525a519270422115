#include "agent/agent.h"
#include "base/version.h"
#include "cli/commands.h"

#include <cstdio>

namespace logi::cli {

int version_command() {
    std::printf("logi %s\n", base::kVersion);
    return 0;
}

int agent_command(const std::vector<std::string>& args) {
    const auto flags = agent::parse_flags(args);
    if (!flags.ok()) {
        std::fprintf(stderr, "logi agent: %s\n", std::string(flags.status().message()).c_str());
        return 2;
    }
    if (flags->help) {
        std::printf(
            "Reads logs as Promtail's configuration says and pushes them to Loki or Logi.\n"
            "Usage: logi agent -config.file=promtail.yaml [flags]\n\n%s",
            agent::flags_help().c_str());
        return 0;
    }
    if (flags->version) {
        return version_command();
    }
    return agent::run(*flags);
}

}  // namespace logi::cli
