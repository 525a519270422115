// A data folder of Logi, read without a server and without a trace: nothing in it is changed, and a
// server may be at work on it.
#pragma once

#include "io/file_system.h"
#include "segment/source.h"

#include <memory>
#include <string>
#include <vector>

namespace logi::local {

// Whether there are tenants, or a journal, as a server keeps them.
[[nodiscard]] bool is_data_folder(const std::string& path);

struct OpenedData {
    std::vector<std::shared_ptr<const segment::Source>> sources;
    // What may have entries, both included. Only if there are sources.
    Timestamp first;
    Timestamp last;
    std::vector<std::string> notes;
    std::vector<std::string> missing;  // one sentence each
};

// What of the tenant was acknowledged before the call, without what is deleted; how long entries
// are kept is in the server's configuration, and does not count here. Entries that are not yet in
// segments are read into memory. `tenant` may be empty where the folder has just one.
// kInvalidArgument: there is no such tenant; kUnavailable: a server changed the folder again and
// again meanwhile.
StatusOr<OpenedData> open_data_folder(io::FileSystem& files,
                                      const std::string& path,
                                      const std::string& tenant);

}  // namespace logi::local
