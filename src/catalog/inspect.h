// What `logi inspect catalog` prints.
#pragma once

#include "io/file_system.h"

#include <string>

namespace logi::catalog {

// Appends a description of a snapshot file: number, positions, segments, deletes. kDataLoss if
// damaged.
Status dump(io::FileSystem& files, const std::string& path, std::string& out);

}  // namespace logi::catalog
