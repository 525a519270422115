// The columns of an encoded block (docs/format.md, "Block").
#pragma once

#include "absl/types/span.h"
#include "block/block.h"

#include <array>
#include <cstdint>
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
    kTree = 7,
    kMetadataParts = 8,
};
inline constexpr std::size_t kColumns = 9;
inline constexpr std::array<std::string_view, kColumns> kColumnNames = {"streams",
                                                                        "times",
                                                                        "sequences",
                                                                        "line lengths",
                                                                        "lines",
                                                                        "metadata",
                                                                        "minutes",
                                                                        "tree",
                                                                        "metadata parts"};

// How lines are stored: as zstd text with their lengths, or as parts of columns (kLines) and the
// tree that says what they are (kTree).
enum LineKind : std::uint8_t { kZstdLines = 0, kTemplateLines = 1 };

// A block with this much is full.
inline constexpr std::uint64_t kBlockLineBytes = 2ULL << 20U;
inline constexpr std::uint32_t kBlockRowsMax = 65536;
// Of names and values of metadata, each time that they stand there; with this much it is full, too.
inline constexpr std::uint64_t kBlockMetadataBytes = 8ULL << 20U;

// The level of zstd for lines that are stored as text: they are worth more than the usual one.
inline constexpr int kTextLevel = 3;

struct BlockForm {
    LineKind line_kind = kZstdLines;
    bool by_row = false;  // times and metadata are stored row by row, as before version 5
};

struct EncodedBlock {
    BlockStats stats;
    BlockForm form;
    // Each is what codec::compress made, except the parts; empty for a column without content.
    std::array<std::string, kColumns> columns;
};

class LineEncoder;
class MetadataEncoder;

// Learns from block to block. One thread.
class BlockEncoder {
  public:
    BlockEncoder();
    ~BlockEncoder();
    // Rows as BlockReader has them; not empty.
    [[nodiscard]] EncodedBlock encode(absl::Span<const Row> rows);

  private:
    std::unique_ptr<LineEncoder> lines_;
    std::unique_ptr<MetadataEncoder> metadata_;
};

// Where a reader gets its bytes from.
class BlockSource {
  public:
    virtual ~BlockSource() = default;
    // All of a column, checked against its checksum.
    [[nodiscard]] virtual StatusOr<std::string> column(Column column) const = 0;
    // Some of a column, unchecked. kDataLoss if it does not have them.
    [[nodiscard]] virtual StatusOr<std::string> range(Column column,
                                                      std::uint64_t offset,
                                                      std::uint64_t length) const = 0;
    // Where it is in the file, for messages.
    [[nodiscard]] virtual std::uint64_t offset(Column column) const = 0;
};

// `name` goes into error messages.
[[nodiscard]] std::unique_ptr<BlockReader> open_block(const BlockStats& stats,
                                                      BlockForm form,
                                                      std::shared_ptr<const BlockSource> source,
                                                      std::string name);

}  // namespace logi::block
