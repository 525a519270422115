// The bytes of a file piece by piece, decompressed where that is asked for.
#pragma once

#include "absl/types/span.h"
#include "agent/config/agent_config.h"
#include "agent/files/line_decoder.h"
#include "base/status.h"
#include "io/growing_file.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace logi::agent {

// Longer lines are delivered in pieces of this size, each of which counts as one.
inline constexpr std::size_t kLinePieceBytes = 1U << 20U;

// One task at a time.
class ChunkReader {
  public:
    virtual ~ChunkReader() = default;
    // What lies behind `position`, at most as much as `buffer` holds, which it may use; empty:
    // there is nothing (yet). kDataLoss for compressed bytes that are damaged.
    virtual StatusOr<std::string_view> read(std::uint64_t position, absl::Span<char> buffer) = 0;
    // Whether positions are numbers of lines instead of bytes, and the end is the end.
    [[nodiscard]] virtual bool counts_lines() const = 0;
};

// Bytes as they are. `file` must outlive the reader.
std::unique_ptr<ChunkReader> read_plain(const io::GrowingFile& file);
// `format`: gz, z, bz2 or zst. `decoder`, which must outlive the reader's use, tells lines; null:
// they are UTF-8.
std::unique_ptr<ChunkReader> read_compressed(const io::GrowingFile& file,
                                             const std::string& format,
                                             const LineDecoder* decoder);

// The same, of a copy of a file that was read so far as it was: positions are its bytes.
std::unique_ptr<ChunkReader> read_packed(const io::GrowingFile& file, const std::string& format);
// The format that a name tells of; empty: of none.
[[nodiscard]] std::string format_of_name(std::string_view path);

// Whether a file of that name is compressed in that format.
[[nodiscard]] bool is_compressed(std::string_view path, const std::string& format);

}  // namespace logi::agent
