// Log files as queries read them: cut into blocks of some megabytes, of which it is known from when
// to when they are, and which are read again when a query needs their lines.
#pragma once

#include "io/executor.h"
#include "local/line_time.h"
#include "local/log_files.h"
#include "segment/source.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace logi::local {

class Spool;

struct FileOptions {
    TimeOptions time;
    std::vector<LabelPair> labels;  // of all files, beside those of labels_of()
};

struct OpenedFiles {
    std::vector<std::shared_ptr<const segment::Source>> sources;  // one per file with lines
    // Of all lines; the last one included. Only if there are sources.
    Timestamp first;
    Timestamp last;
    std::uint64_t lines = 0;
    std::uint64_t bytes = 0;         // of lines
    std::vector<std::string> notes;  // what was not as one would expect, one sentence each
    // What is missing because it could not be read, one sentence each.
    std::vector<std::string> missing;
};

// Reads all files once, by tasks of the executor. A line without a time has that of the line before
// it; lines of a file without times that of its last change. What is compressed is kept in `spool`,
// which lives as long as the sources. A line of more than 64 MiB makes the rest of its file
// missing.
StatusOr<OpenedFiles> open_log_files(io::Executor& executor,
                                     const std::vector<LogFile>& files,
                                     const FileOptions& options);

// The same of one text, which every selector matches, that is handed over piece by piece: `read`
// appends the next one, and gives false at the end.
StatusOr<OpenedFiles> open_text(const std::function<StatusOr<bool>(std::string& text)>& read,
                                const Labels& labels,
                                const TimeOptions& options,
                                Timestamp now);

}  // namespace logi::local
