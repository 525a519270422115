// A run of whole lines of a file: what one look at it tells, and its rows.
#pragma once

#include "block/block.h"
#include "local/line_time.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace logi::local {

inline constexpr std::size_t kChunkBytes = 2U << 20U;
inline constexpr std::size_t kLineBytesMax = 64U << 20U;

// Calls `take` with each line, without its end; the last one may have none.
template <typename Take>
void for_each_line(std::string_view text, Take take) {
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.ends_with('\r')) {
            line.remove_suffix(1);
        }
        take(line);
    }
}

// Where the lines of a text that begins so have their times.
inline constexpr std::size_t kSampleBytes = 256U << 10U;
[[nodiscard]] LineTime find_times(std::string_view text,
                                  const TimeOptions& options,
                                  Timestamp reference);

struct ChunkStats {
    std::uint32_t rows = 0;
    std::uint64_t line_bytes = 0;
    std::uint32_t rows_before_times = 0;  // at the beginning, that have no time of their own
    // Of lines that have one; nothing: none has.
    struct Times {
        Timestamp min;
        Timestamp max;
        Timestamp first;
        Timestamp last;
    };
    std::optional<Times> times;
};
[[nodiscard]] ChunkStats look_at(std::string_view text, LineTime& times);

// Reads the rows of a chunk, whose lines without a time at the beginning have that of `before`. All
// are of stream 0; their sequences are {1, position, number of the row}.
struct ChunkRows {
    std::shared_ptr<const std::string> text;
    LineTime times;
    Timestamp before;
    std::uint64_t position = 0;
    block::BlockStats stats;
    std::string name;  // for messages
};
// Lines are cut apart when a call needs one; a filter that no part of the text passes needs none.
[[nodiscard]] std::unique_ptr<block::BlockReader> read_chunk(ChunkRows rows);

}  // namespace logi::local
