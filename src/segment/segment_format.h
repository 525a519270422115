// Constants of a segment file, shared by writer and reader (docs/format.md, "Segment").
#pragma once

#include "block/block_format.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace logi::segment {

inline constexpr std::string_view kMagic = "LOGISEGM";
inline constexpr std::uint32_t kFormatVersion = 7;
// Extents of version 1 do not tell their bytes; blocks of versions 1 and 2 have no minutes, those
// of version 3 no templates, and those of version 4 have times and metadata row by row. Files of
// version 5 have no statistics, but minutes in their blocks. The directory of version 6 is one
// region.
inline constexpr std::uint32_t kFormatVersionMin = 1;
[[nodiscard]] constexpr std::size_t columns_of(std::uint32_t version) {
    return version < 3 ? 6 : version < 4 ? 7 : version < 5 ? 8 : block::kColumns;
}
// magic, version, reserved.
inline constexpr std::size_t kHeaderBytes = 16;
// root offset, root length, root crc, version, crc of the footer, magic.
inline constexpr std::size_t kFooterBytes = 36;
// A reader asks for this much of the end at first; all of a small directory is in it, and the root
// of a large one.
inline constexpr std::uint64_t kTailReadBytes = 64ULL << 10U;

// From this version on the directory is in pages; of older files it is one region.
inline constexpr std::uint32_t kPagedVersionMin = 7;
// Blocks of this version and newer ones are stored alike.
inline constexpr std::uint32_t kBlockVersionMin = 6;

// Of a page of the directory, before compression, about: a query of one stream reads two.
inline constexpr std::size_t kPageBytes = 32U << 10U;
inline constexpr std::uint32_t kStreamsPerPageMax = 1U << 12U;
inline constexpr std::uint64_t kStreamsMax = 1ULL << 26U;

// Statistics take at most one byte of so many of a file, or so many bytes if it is small.
inline constexpr std::uint64_t kBytesPerStatistics = 50;
inline constexpr std::uint64_t kStatisticsBytesMin = 1024;

// Where a column's bytes lie in the file. Length 0: the column has no content.
struct Region {
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
    std::uint32_t crc = 0;
};

}  // namespace logi::segment
