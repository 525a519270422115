// Where a file went that has another name by now, or was copied before it was cut.
#pragma once

#include "agent/positions/read_log.h"
#include "io/growing_file.h"

#include <optional>
#include <string>
#include <string_view>

namespace logi::agent {

// Looks in the folder that the file was in: for the file itself under another name, or else for one
// that begins as it did and is at least `position` long, or else for a compressed one of which that
// holds. Nothing if there is none.
[[nodiscard]] std::optional<std::string> find_moved(const KnownFile& known, std::uint64_t position);

// Whether the file at `path` begins as the known one did.
[[nodiscard]] bool begins_as(const std::string& path, const FileHead& head);
// Whether the name tells that it is compressed, and what it holds begins so.
[[nodiscard]] bool unpacks_as(const std::string& path, const FileHead& head);
// Whether what a file begins with is long enough to tell it from others, and is that.
[[nodiscard]] bool is_begin(std::string_view begin, const FileHead& head);
// What a compressed file's content begins with; less than `bytes` if there is less, so far.
[[nodiscard]] StatusOr<std::string> packed_begin(const io::GrowingFile& file,
                                                 const std::string& format,
                                                 std::size_t bytes);

}  // namespace logi::agent
