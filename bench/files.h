// Files as strings.
#pragma once

#include <fstream>
#include <iterator>
#include <string>

namespace logi::bench {

inline std::string file_bytes(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace logi::bench
