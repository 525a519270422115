// Promtail's file of positions: how far each file was delivered.
#pragma once

#include "base/status.h"
#include "io/file_system.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace logi::agent {

// By path the offset behind the last delivered line; of compressed files the number of lines; of
// other sources, whose keys begin with "cursor-", texts of their own.
using Positions = std::map<std::string, std::string>;

struct SavedPositions {
    Positions positions;
    // Which time the file was saved, in a comment; 0: the agent has not written it.
    std::uint64_t number = 0;
};

// Nothing if there is no file. kDataLoss if it is no such YAML.
StatusOr<std::optional<SavedPositions>> load_positions(const std::string& path);

// Replaces the file at once or not at all.
Status save_positions(io::FileSystem& files, const std::string& path, const SavedPositions& saved);

// Nothing if it is not a number.
[[nodiscard]] std::optional<std::uint64_t> position_of(const Positions& positions,
                                                       const std::string& key);

}  // namespace logi::agent
