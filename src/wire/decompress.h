// Compressed request bodies, with a limit on what they may become.
#pragma once

#include "base/buffer.h"
#include "base/status.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace logi::wire {

// kInvalidArgument for malformed input, kOutOfRange when the result is over `bytes_max`.
StatusOr<std::string> gunzip(std::string_view bytes, std::uint64_t bytes_max);
// DEFLATE without zlib's wrapping.
StatusOr<std::string> inflate_raw(std::string_view bytes, std::uint64_t bytes_max);
// Snappy's block format.
StatusOr<base::Buffer> unsnappy(std::string_view bytes, std::uint64_t bytes_max);

}  // namespace logi::wire
