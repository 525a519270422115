// Whole files, for those that are small.
#pragma once

#include "io/file_system.h"

#include <cstdint>
#include <string>

namespace logi::io {

// kInvalidArgument, before memory is taken, when the file has more than `bytes_max`.
StatusOr<std::string> read_file(FileSystem& files,
                                const std::string& path,
                                std::uint64_t bytes_max = UINT64_MAX);

}  // namespace logi::io
