// logi import: log files, or what another server has, into a server.
#pragma once

#include "cli/client.h"
#include "cli/import_state.h"
#include "cli/line_args.h"
#include "cli/pusher.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace logi::cli {

struct ImportArgs {
    ClientArgs to;
    std::string patience = "5m";
    std::string state;  // a file; empty: named by the job
    bool no_verify = false;
    // Of files.
    std::vector<std::string> paths;
    LineArgs lines;
    // Of a server.
    ClientArgs from;
    std::string selector;
    std::string since;
    std::string start;
    std::string end;
    std::string part = "1h";
    std::uint64_t batch = 4000;
    std::vector<std::string> tenants;  // theirs, or theirs=ours
};

struct ImportResult {
    std::uint64_t lines = 0;    // that were read, now and by earlier runs
    std::uint64_t refused = 0;  // of those, by the server
    std::uint64_t streams = 0;
    std::vector<std::string> reasons;   // of refusals, with how many
    std::vector<std::string> notes;     // what was not as one would expect, one sentence each
    std::vector<std::string> problems;  // what is missing, likewise
};

// Both go on where an earlier run of the same job broke off. Errors end the run; kept is what is
// done.
StatusOr<ImportResult> import_files(const ImportArgs& args);
StatusOr<ImportResult> import_server(const ImportArgs& args);

// The file that says how far the job is.
StatusOr<std::unique_ptr<ImportState>> open_state(const ImportArgs& args, const std::string& job);
// As ImportResult has them.
[[nodiscard]] std::vector<std::string> reasons_of(const Pusher::Counts& counts);

}  // namespace logi::cli
