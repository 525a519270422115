// Compressed runs of bytes: one kind byte, the raw size as a varint, then the bytes as they are or
// as one zstd frame, whichever is smaller (format: docs/format.md, "Region").
#pragma once

#include "base/buffer.h"
#include "base/status.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace logi::codec {

inline constexpr int kZstdLevel = 1;
// For some kilobytes that are unpacked again and again: a little larger, in a third of the time, as
// there are no codes to be made first.
inline constexpr int kQuickLevel = -1;
// Codes bytes by how frequent they are and looks for nothing that repeats: for bytes that come in
// no order. What seems to repeat among those is chance, and to write it down takes more bytes and
// time than it saves.
inline constexpr int kCodesOnly = -1'000'000;
// Larger raw sizes are refused before memory is taken for them.
inline constexpr std::uint64_t kRawBytesMax = 1ULL << 30U;

// Bytes may change their nature every so many bytes, as planes of integers do: then codes are
// chosen for each piece. Pieces are counted from the end; what is left over in front belongs to the
// first.
inline constexpr std::size_t kOnePiece = SIZE_MAX / 2;

// Thread-safe; each thread keeps a context and a buffer of its own.
[[nodiscard]] std::string compress(std::string_view raw,
                                   int level = kZstdLevel,
                                   std::size_t piece = kOnePiece);
// kDataLoss if the bytes are not what compress() made.
StatusOr<base::Buffer> decompress(std::string_view bytes);

// A zstd frame alone, for those who keep kind and size elsewhere.
void append_zstd(std::string_view raw,
                 std::string& out,
                 int level = kZstdLevel,
                 std::size_t piece = kOnePiece);
// kDataLoss if the frame does not hold just `raw_size` bytes.
StatusOr<base::Buffer> unpack_zstd(std::string_view frame, std::uint64_t raw_size);

}  // namespace logi::codec
