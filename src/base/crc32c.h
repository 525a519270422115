// CRC-32C (Castagnoli, reflected polynomial 0x82F63B78; RFC 3720 appendix B.4), with the SSE4.2
// instruction where the CPU has it and a table elsewhere: the same result either way.
#pragma once

#include <cstdint>
#include <string_view>

namespace logi::base {

// Checksum of `data`; give the previous result as `crc` to continue over further pieces.
[[nodiscard]] std::uint32_t crc32c(std::string_view data, std::uint32_t crc = 0);

// The table path, for the test that compares both.
[[nodiscard]] std::uint32_t crc32c_portable(std::string_view data, std::uint32_t crc = 0);

}  // namespace logi::base
