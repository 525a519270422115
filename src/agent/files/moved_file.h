// Where a file went that has another name by now, or was copied before it was cut.
#pragma once

#include "agent/positions/read_log.h"

#include <optional>
#include <string>

namespace logi::agent {

// Looks in the folder that the file was in: for the file itself under another name, or else for one
// that begins as it did and is at least `position` long. Nothing if there is none.
[[nodiscard]] std::optional<std::string> find_moved(const KnownFile& known, std::uint64_t position);

// Whether the file at `path` begins as the known one did.
[[nodiscard]] bool begins_as(const std::string& path, const FileHead& head);

}  // namespace logi::agent
