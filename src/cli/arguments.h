// Command lines of Loki's programs as those of ours.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace logi::cli {

// The command lines of the agent, which has a parser of its own: what stands behind the command
// `agent`, or all when the program is started under the name `promtail`.
std::optional<std::vector<std::string>> agent_arguments(int argc, const char* const* argv);

// What CLI11 parses, without the program's name. Taken as they are:
//   Loki's flags of the server, with one dash or two: -config.file=FILE;
//   loki-canary's flags behind the command `canary`, with one dash;
//   logcli's whole command lines, when the program is started under the name `logcli`: flags may
//   stand before the command, times are local and without fractions, and flags that are only about
//   logcli's own process are left out.
std::vector<std::string> our_arguments(int argc, const char* const* argv);

}  // namespace logi::cli
