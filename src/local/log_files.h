// The log files that paths name.
#pragma once

#include "base/status.h"
#include "base/time.h"
#include "io/growing_file.h"
#include "model/labels.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace logi::local {

struct LogFile {
    std::string path;
    std::string compression;  // gz, zst, bz2; empty: none
    std::uint64_t bytes = 0;
    Timestamp changed;  // when it was written last
};

// Files as they are named, and those in folders and the folders in them, sorted by path, each once
// however many names it has. What is no text is left out of folders, and said so in `notes`.
// kNotFound for a path that is not there; kInvalidArgument for a named file that is no text.
StatusOr<std::vector<LogFile>> find_log_files(const std::vector<std::string>& paths,
                                              std::vector<std::string>& notes);

// filename: its path; job: the name of the file without what rotation and compression put behind
// it: "access" of /var/log/nginx/access.log.2.gz. Those of `more` win.
[[nodiscard]] Labels labels_of(const LogFile& file, const std::vector<LabelPair>& more);

// Hands over the file's text, decompressed, piece by piece from its beginning. kDataLoss if it is
// damaged or cut off, after what can be read of it.
Status read_text(const LogFile& file,
                 const io::GrowingFile& from,
                 const std::function<Status(std::string_view piece)>& take);

}  // namespace logi::local
