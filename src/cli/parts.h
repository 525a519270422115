// The lines of a long range, downloaded part by part into files: logcli's --parallel-duration and
// --part-path-prefix.
#pragma once

#include "base/status.h"

#include <string>

namespace CLI {
class App;
}

namespace logi::cli {

struct QueryArgs;

struct PartsArgs {
    std::string duration = "1h";  // of a part
    unsigned workers = 1;         // parts at once
    std::string prefix;           // of the files' names; empty: no parts
    bool overwrite_completed = false;
    bool merge = false;  // onto standard output, in order
    bool keep = false;   // also what was merged
};

void add_parts_flags(CLI::App& command, PartsArgs& args);

// Every line of the range. A part is PREFIX_FROM_TO.part once it is whole, and .part.tmp before;
// one that is there already is not asked for again, so a download that broke off goes on where it
// was.
int query_parts(const QueryArgs& args);

}  // namespace logi::cli
