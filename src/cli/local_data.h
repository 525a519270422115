// What a query without a server reads: log files, data folders, segments.
#pragma once

#include "cli/line_args.h"
#include "cli/time_range.h"
#include "exec/selections.h"
#include "io/executor.h"
#include "io/file_system.h"

#include <string>
#include <vector>

namespace logi::cli {

[[nodiscard]] std::size_t cores_of_machine();

struct LocalData {
    exec::Sources sources;
    // Of all entries, the last one included; of nothing, an empty range.
    Timestamp first;
    Timestamp last;
    bool lines_of_files = false;  // where equal lines are several
    std::vector<std::string> notes;
    std::vector<std::string> missing;  // one sentence each
};

struct LocalArgs {
    std::vector<std::string> paths;
    LineArgs lines;
};

// Whether any of the paths is no log file, but something that Logi has stored.
[[nodiscard]] bool names_stored_data(const std::vector<std::string>& paths);

// kInvalidArgument if there are log files as well as stored data among the paths; kNotFound. The
// file system must outlive the data. `org_id` names the tenant of data folders.
StatusOr<LocalData> open_local(io::Executor& executor,
                               io::FileSystem& files,
                               const LocalArgs& args,
                               const std::string& org_id);

// Standard input to its end, as one stream that every selector matches.
StatusOr<LocalData> open_stdin(const LineArgs& args);

// Appends what has come of standard input; false at its end.
StatusOr<bool> read_stdin(std::string& text);

// What logcli labels its lines with.
[[nodiscard]] Labels stdin_labels();

}  // namespace logi::cli
