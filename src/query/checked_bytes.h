// The frame of messages between readers: eight letters, a version, the message, its checksum.
#pragma once

#include "base/bytes.h"
#include "base/status.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace logi::query {

[[nodiscard]] std::string begin_checked(std::string_view magic, std::uint32_t version);
void end_checked(std::string& message);
// Reads what is between. kUnimplemented: of another version; kDataLoss.
StatusOr<base::ByteReader> open_checked(std::string_view message,
                                        std::string_view magic,
                                        std::uint32_t version,
                                        std::string_view what);

}  // namespace logi::query
