// The columns of an encoded block (docs/format.md, "Block").
#pragma once

#include "absl/types/span.h"
#include "block/block.h"

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace logi::block {

enum Column : std::uint8_t {
    kStreams = 0,
    kTimes = 1,
    kSequences = 2,
    kLineLengths = 3,
    kLines = 4,
    kMetadata = 5,
    kMinutes = 6,
};
inline constexpr std::size_t kColumns = 7;
inline constexpr std::array<std::string_view, kColumns> kColumnNames = {
    "streams", "times", "sequences", "line lengths", "lines", "metadata", "minutes"};

// How lines are stored; a block of another kind has other columns in the places of the lines.
enum LineKind : std::uint8_t { kZstdLines = 0 };

// Minutes are stored where they are so much fewer than rows: elsewhere times say it as well.
inline constexpr std::size_t kRowsPerMinuteMin = 8;

// A block with this much is full.
inline constexpr std::uint64_t kBlockLineBytes = 2ULL << 20U;
inline constexpr std::uint32_t kBlockRowsMax = 65536;

struct EncodedBlock {
    BlockStats stats;
    LineKind line_kind = kZstdLines;
    // Each is what codec::compress made; empty for a column without content.
    std::array<std::string, kColumns> columns;
};

// Rows as BlockReader has them; not empty.
[[nodiscard]] EncodedBlock encode_block(absl::Span<const Row> rows);

// Where a reader gets a column's bytes from, checked against its checksum.
using ColumnSource = std::function<StatusOr<std::string>(Column column)>;

// Opens a block of zstd lines. `name` goes into error messages.
[[nodiscard]] std::unique_ptr<BlockReader> open_block(const BlockStats& stats,
                                                      ColumnSource source,
                                                      std::string name);

}  // namespace logi::block
