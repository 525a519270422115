#include "segment/statistics_writer.h"

#include "codec/compress.h"
#include "segment/statistics_page.h"

#include <algorithm>

namespace logi::segment {
namespace {

// A count that stands for fewer rows says little that their times do not say.
constexpr std::uint64_t kRowsPerCountMin = 8;
// Statistics of segments are given up when counts of so many rows are too many.
constexpr std::uint64_t kRowsPerCountMax = 1ULL << 24U;
// Of a page before compression, about: a query reads few pages, and of a large segment not all.
constexpr std::size_t kPageBytes = 1U << 20U;
// What an extent and a count take there, about.
constexpr std::size_t kExtentBytes = 3;
constexpr std::size_t kCountBytes = 8;

std::size_t size_of(const BlockStatistics& block) {
    std::size_t bytes = block.extents.size() * kExtentBytes;
    for (const ExtentCounts& extent : block.extents) {
        bytes += extent.counts.size() * kCountBytes;
    }
    return bytes;
}

// By how much coarser counts get at a time: in few turns, but not by far too much.
std::uint64_t next_rows(std::uint64_t rows, std::uint64_t bytes, std::uint64_t bytes_max) {
    constexpr std::uint64_t kFactorMax = 4;
    const std::uint64_t factor_percent =
        bytes_max == 0 ? 100 * kFactorMax : std::min(100 * kFactorMax, 80 * bytes / bytes_max);
    return rows * std::max<std::uint64_t>(factor_percent, 130) / 100;
}

}  // namespace

void StatisticsWriter::add(absl::Span<const block::Row> rows,
                           absl::Span<const std::uint64_t> metadata_bytes) {
    RowCounter counter(levels_);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const block::Row& row = rows[i];
        counter.add(row.stream,
                    row.time,
                    row.line.size(),
                    {row.metadata, row.metadata_count},
                    metadata_bytes[i]);
    }
    blocks_.push_back(counter.finish());
    coarsen(blocks_.back(), kRowsPerCountMin);
}

Status StatisticsWriter::add(const SegmentReader& from,
                             std::uint32_t block,
                             absl::Span<const std::uint32_t> ordinals) {
    BlockStatistics copied;
    if (const auto stored = from.statistics(block); stored.ok() && *stored != nullptr) {
        copied = **stored;
    } else {
        LOGI_ASSIGN_OR_RETURN(const auto reader, from.open_block(block));
        LOGI_ASSIGN_OR_RETURN(copied, count_rows(*reader));
        coarsen(copied, kRowsPerCountMin);
    }
    std::vector<std::uint32_t> numbers(kFirstLevel);
    numbers[kOtherLevel] = kOtherLevel;
    for (const std::string& level : *copied.levels) {
        numbers.push_back(levels_.number(level));
    }
    for (ExtentCounts& extent : copied.extents) {
        extent.stream = ordinals[extent.stream];
        for (LevelCount& count : extent.counts) {
            count.level = numbers[count.level];
        }
        settle(extent);
    }
    copied.levels = nullptr;
    blocks_.push_back(std::move(copied));
    return absl::OkStatus();
}

std::vector<StatisticsWriter::Page> StatisticsWriter::encode() const {
    std::vector<Page> pages;
    for (std::size_t begin = 0; begin < blocks_.size();) {
        std::size_t end = begin;
        for (std::size_t bytes = 0; end < blocks_.size() && bytes < kPageBytes; ++end) {
            bytes += size_of(blocks_[end]);
        }
        const auto blocks = absl::MakeConstSpan(blocks_).subspan(begin, end - begin);
        pages.push_back(
            {blocks.size(), codec::compress(encode_statistics(blocks, levels_.names()))});
        begin = end;
    }
    return pages;
}

std::vector<StatisticsWriter::Page> StatisticsWriter::finish(std::uint64_t bytes_max) {
    for (std::uint64_t rows = kRowsPerCountMin; rows <= kRowsPerCountMax;) {
        std::vector<Page> pages = encode();
        std::uint64_t bytes = 0;
        for (const Page& page : pages) {
            bytes += page.bytes.size();
        }
        if (bytes <= bytes_max) {
            return pages;
        }
        rows = next_rows(rows, bytes, bytes_max);
        for (BlockStatistics& block : blocks_) {
            coarsen(block, rows);
        }
    }
    return {};
}

}  // namespace logi::segment
