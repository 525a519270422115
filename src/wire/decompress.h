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
// Frames of zstd whose window is at most 32 MiB.
StatusOr<std::string> unzstd(std::string_view bytes, std::uint64_t bytes_max);
// Frames of LZ4.
StatusOr<std::string> unlz4(std::string_view bytes, std::uint64_t bytes_max);
// What a gzip file says at its end, as to 4 GiB; of several members, the last one's.
[[nodiscard]] std::uint64_t gzip_size_hint(std::string_view bytes);
// What a zstd frame says at its beginning; 0 if it says nothing.
[[nodiscard]] std::uint64_t zstd_size_hint(std::string_view bytes);
// What a snappy block says at its beginning; 0 if it is none.
[[nodiscard]] std::uint64_t snappy_size_hint(std::string_view bytes);
// Snappy's block format.
StatusOr<base::Buffer> unsnappy(std::string_view bytes, std::uint64_t bytes_max);

}  // namespace logi::wire
