// How commands read log files: where lines have their times, and what labels they get.
#pragma once

#include "local/line_time.h"
#include "model/labels.h"

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace logi::cli {

struct LineArgs {
    std::string time_layout = "auto";
    std::string time_field;
    std::string timezone = "Local";   // of times that tell none
    std::vector<std::string> labels;  // name=value
};

// Adds the flags to a command; `args` are set when it is parsed.
void add_line_flags(CLI::App& command, LineArgs& args);

// kInvalidArgument for a time zone that is not known.
StatusOr<local::TimeOptions> time_options(const LineArgs& args);
// kInvalidArgument for what is no label.
StatusOr<std::vector<LabelPair>> extra_labels(const LineArgs& args);

}  // namespace logi::cli
