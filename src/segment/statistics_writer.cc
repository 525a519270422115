#include "segment/statistics_writer.h"

#include "base/log.h"
#include "codec/compress.h"
#include "segment/statistics_page.h"

#include <algorithm>

namespace logi::segment {
namespace {

// A count that stands for fewer rows says little that their times do not say.
constexpr std::uint64_t kRowsPerCountMin = 8;
// Statistics of segments are given up when counts of so many rows are too many.
constexpr std::uint64_t kRowsPerCountMax = 1ULL << 24U;
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

Status StatisticsWriter::add(const Selection& from,
                             absl::Span<const StreamExtent> extents,
                             absl::Span<const std::uint32_t> ordinals) {
    BlockStatistics copied;
    if (const auto stored = from.statistics(extents); stored.ok() && stored->has_value()) {
        copied = (*stored)->copy();
    } else {
        if (!stored.ok()) {
            base::log_error("statistics are damaged, and made anew from the rows",
                            {{"error", std::string(stored.status().message())}});
        }
        LOGI_ASSIGN_OR_RETURN(const auto reader, from.open_block(extents.front().block));
        LOGI_ASSIGN_OR_RETURN(copied, count_rows(*reader));
        coarsen(copied, kRowsPerCountMin);
    }
    std::vector<std::uint32_t> numbers(kFirstLevel);
    numbers[kOtherLevel] = kOtherLevel;
    for (const std::string& level : copied.levels) {
        numbers.push_back(levels_.number(level));
    }
    for (ExtentCounts& extent : copied.extents) {
        extent.stream = ordinals[extent.stream];
        for (LevelCount& count : extent.counts) {
            count.level = numbers[count.level];
        }
        settle(extent);
    }
    copied.levels.clear();
    blocks_.push_back(std::move(copied));
    return absl::OkStatus();
}

StatisticsWriter::Encoded StatisticsWriter::encode(
    absl::Span<const ExtentCounts* const> extents,
    absl::Span<const std::uint32_t> first_streams) const {
    Encoded out;
    StatisticsHead head;
    head.levels = levels_.names();
    for (const BlockStatistics& block : blocks_) {
        head.names.push_back(block.names);
    }
    out.head = codec::compress(encode_head(head));
    for (std::size_t page = 0; page < first_streams.size(); ++page) {
        const auto end = page + 1 == first_streams.size()
                             ? extents.end()
                             : std::find_if(extents.begin(), extents.end(), [&](const auto* e) {
                                   return e->stream >= first_streams[page + 1];
                               });
        const auto count = static_cast<std::size_t>(end - extents.begin());
        out.pages.push_back(codec::compress(encode_counts(extents.first(count))));
        extents.remove_prefix(count);
    }
    return out;
}

std::optional<StatisticsWriter::Encoded> StatisticsWriter::finish(
    absl::Span<const std::uint32_t> first_streams, std::uint64_t bytes_max) {
    std::vector<const ExtentCounts*> extents;  // in the order (stream, block)
    for (const BlockStatistics& block : blocks_) {
        for (const ExtentCounts& extent : block.extents) {
            extents.push_back(&extent);
        }
    }
    std::stable_sort(extents.begin(), extents.end(), [](const auto* a, const auto* b) {
        return a->stream < b->stream;
    });
    for (std::uint64_t rows = kRowsPerCountMin; rows <= kRowsPerCountMax;) {
        Encoded encoded = encode(extents, first_streams);
        std::uint64_t bytes = encoded.head.size();
        for (const std::string& page : encoded.pages) {
            bytes += page.size();
        }
        if (bytes <= bytes_max) {
            return encoded;
        }
        rows = next_rows(rows, bytes, bytes_max);
        for (BlockStatistics& block : blocks_) {
            coarsen(block, rows);
        }
    }
    return std::nullopt;
}

}  // namespace logi::segment
