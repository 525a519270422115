// How many files the process may have open.
#pragma once

#include <cstdint>

namespace logi::io {

// Raises the limit of open files as far as it goes and returns it; 0 if it cannot be known.
std::uint64_t raise_open_files();

}  // namespace logi::io
