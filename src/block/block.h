// Blocks: the unit of encoding, some two mebibytes of lines. What a segment's block and a group of
// rows in the head have in common is BlockReader.
#pragma once

#include "absl/types/span.h"
#include "base/status.h"
#include "block/column_note.h"
#include "model/entry.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace logi::regex {
class LineFilter;
}

namespace logi::block {

class LineTemplates;

// One entry on its way into a block; the bytes belong to somebody else. `stream` is the ordinal of
// its stream in the directory that goes with the block.
struct Row {
    std::uint32_t stream = 0;
    std::uint32_t metadata_count = 0;
    Timestamp time;
    Sequence sequence;
    std::string_view line;
    const MetadataView* metadata = nullptr;
};
static_assert(sizeof(Row) == 64);  // one line of the cache

struct BlockStats {
    std::uint32_t rows = 0;
    std::uint64_t line_bytes = 0;
    Timestamp min_time;
    Timestamp max_time;
    std::uint32_t first_stream = 0;
    std::uint32_t last_stream = 0;
    friend bool operator==(const BlockStats&, const BlockStats&) = default;
};

// The rows of one stream and minute, which are neighbours in a block. A minute holds the times of
// (end - 60 s, end], as windows do.
struct MinuteStats {
    std::uint32_t stream = 0;
    std::uint32_t rows = 0;
    std::int64_t number = 0;  // it ends `number` minutes after 1970 began
    std::uint64_t line_bytes = 0;

    [[nodiscard]] static std::int64_t number_of(Timestamp time) {
        return time.ns / kMinuteNs + (time.ns % kMinuteNs > 0 ? 1 : 0);
    }
    // Both included.
    [[nodiscard]] Timestamp first() const { return {(number - 1) * kMinuteNs + 1}; }
    [[nodiscard]] Timestamp last() const { return {number * kMinuteNs}; }
    friend bool operator==(const MinuteStats&, const MinuteStats&) = default;

    static constexpr std::int64_t kMinuteNs = 60 * kNanosPerSecond;
};

// A block's rows in the order (stream, time, sequence), no two equal in stream, time, line and
// metadata. Columns are read when they are asked for. What a call returns stays valid as long as
// the reader. One thread at a time. kDataLoss names the block and column that are damaged.
class BlockReader {
  public:
    virtual ~BlockReader() = default;
    [[nodiscard]] virtual const BlockStats& stats() const = 0;
    // One value per row.
    virtual StatusOr<absl::Span<const std::uint32_t>> streams() = 0;
    virtual StatusOr<absl::Span<const Timestamp>> times() = 0;
    virtual StatusOr<absl::Span<const Sequence>> sequences() = 0;
    // In bytes; reads no line.
    virtual StatusOr<absl::Span<const std::uint32_t>> line_lengths() = 0;
    // All rows as minutes, in the order of the rows; none where a block does not have them.
    virtual StatusOr<absl::Span<const MinuteStats>> minutes() = 0;
    // Keeps in `rows`, which are ascending row numbers, those whose line passes.
    virtual Status filter(const regex::LineFilter& filter, std::vector<std::uint32_t>& rows) = 0;
    virtual StatusOr<std::string_view> line(std::uint32_t row) = 0;
    // Replaces `out` by the row's metadata, sorted by name.
    virtual Status metadata(std::uint32_t row, std::vector<MetadataView>& out) = 0;
    // The names that rows' metadata has. Nothing: not known.
    virtual StatusOr<std::optional<absl::Span<const std::string_view>>> metadata_names() {
        return std::nullopt;
    }
    // What the lines are made of; null where they are just text. located() makes of its errors what
    // the other calls return.
    virtual StatusOr<LineTemplates*> templates() { return nullptr; }
    [[nodiscard]] virtual Status located(const Status& status) const { return status; }
    // How the lines are stored, column by column; nothing where they are just text.
    virtual StatusOr<std::vector<ColumnNote>> describe_lines() { return std::vector<ColumnNote>(); }
};

}  // namespace logi::block
