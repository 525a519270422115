// What `logi inspect journal` prints.
#pragma once

#include "io/file_system.h"

#include <string>

namespace logi::journal {

// Appends a description of the journal file: header, each record's position, offset and size, and
// what is damaged or torn. kDataLoss, after describing all that is readable, if anything is
// damaged.
Status dump(io::FileSystem& files, const std::string& path, std::string& out);

}  // namespace logi::journal
