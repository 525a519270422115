// Which time a command asks for: logcli's --since, --from and --to.
#pragma once

#include "base/status.h"
#include "base/time.h"

#include <string>

namespace CLI {
class App;
}

namespace logi::cli {

struct RangeArgs {
    std::string since = "1h";
    std::string from;
    std::string to;
    bool since_given = false;  // else `since` is the default
};

// Adds the flags to a command; `args` are set when it is parsed.
void add_range_flags(CLI::App& command, RangeArgs& args);

struct TimeRange {
    Timestamp start;
    Timestamp end;  // not in it
};

// --from and --to where they are given, else `now` and --since before now. kInvalidArgument for
// what is no time.
StatusOr<TimeRange> resolve(const RangeArgs& args, Timestamp now);

}  // namespace logi::cli
