#include "exec/scan.h"

#include "base/bytes.h"
#include "base/log.h"

#include <functional>
#include <numeric>
#include <tuple>

namespace logi::exec {
namespace {

// 16 bytes each, with the table's slack some 700 MB: a query over that many copies is refused.
constexpr std::size_t kSeenMax = 20'000'000;

// Blocks that are read ahead at most, which go out together so that neighbours are one request.
constexpr std::size_t kAheadMax = 64;
constexpr std::size_t kAheadTogether = 8;

struct Extent {
    StreamId id;
    Timestamp min_time;
    Timestamp max_time;
    std::uint32_t item;
    std::uint32_t stream;
};

// Identifies an entry: equal entries have equal keys.
StatusOr<base::Hash128> entry_key(block::BlockReader& block,
                                  std::uint32_t row,
                                  StreamId id,
                                  Timestamp time,
                                  std::vector<MetadataView>& metadata) {
    LOGI_ASSIGN_OR_RETURN(const std::string_view line, block.line(row));
    LOGI_RETURN_IF_ERROR(block.metadata(row, metadata));
    std::string bytes;
    base::ByteWriter w(bytes);
    w.u64(id.high);
    w.u64(id.low);
    w.i64(time.ns);
    w.string(line);
    for (const auto& pair : metadata) {
        w.string(pair.name);
        w.string(pair.value);
    }
    return base::hash128(bytes);
}

// A stored block's lines are searched together; in memory only those of the rows.
StatusOr<std::uint64_t> searched_bytes(const ScanItem& item, const ScanRows& rows) {
    if (item.whole || !item.selection->in_memory()) {
        return rows.rows.empty() ? 0 : rows.block->stats().line_bytes;
    }
    LOGI_ASSIGN_OR_RETURN(const auto lengths, rows.block->line_lengths());
    std::uint64_t bytes = 0;
    for (const std::uint32_t row : rows.rows) {
        bytes += lengths[row];
    }
    return bytes;
}

}  // namespace

ReadCounts& ReadCounts::operator+=(const ReadCounts& other) {
    blocks += other.blocks;
    lines += other.lines;
    line_bytes += other.line_bytes;
    stored_bytes += other.stored_bytes;
    metadata_bytes += other.metadata_bytes;
    passed_lines += other.passed_lines;
    column_lines += other.column_lines;
    counted_blocks += other.counted_blocks;
    return *this;
}

ScanStats& ScanStats::operator+=(const ScanStats& other) {
    segments += other.segments;
    head += other.head;
    blocks_found += other.blocks_found;
    duplicates += other.duplicates;
    return *this;
}

std::uint64_t bytes_of(const std::vector<MetadataView>& metadata) {
    std::uint64_t bytes = 0;
    for (const auto& pair : metadata) {
        bytes += pair.name.size() + pair.value.size();
    }
    return bytes;
}

StatusOr<std::optional<segment::StatisticsView>> told_of(
    const segment::Selection& selection, absl::Span<const segment::StreamExtent> extents) {
    auto told = selection.statistics(extents);
    if (absl::IsDataLoss(told.status())) {
        base::log_error("statistics are damaged, rows are read instead",
                        {{"error", std::string(told.status().message())}});
        return std::nullopt;
    }
    return told;
}

Status OpenBlock::open(const ScanItem& item) {
    if (reader == nullptr) {
        LOGI_ASSIGN_OR_RETURN(reader, item.selection->open_block(item.block, &counts.stored_bytes));
    }
    return absl::OkStatus();
}

void OpenBlock::count(const ReadCounts& got) {
    const std::uint64_t lines = counts.lines;
    const std::uint64_t line_bytes = counts.line_bytes;
    counts += got;
    if (filtered) {
        counts.lines = lines;
        counts.line_bytes = line_bytes;
    }
}

Scan::Scan(Selections selections, ScanSpec spec)
    : selections_(std::move(selections)), spec_(std::move(spec)) {
    for (const auto& selection : selections_.of) {
        std::vector<std::vector<segment::StreamExtent>> by_block = selection->extents_by_block();
        for (std::uint32_t block = 0; block < by_block.size(); ++block) {
            std::erase_if(by_block[block], [this](const segment::StreamExtent& e) {
                return e.min_time > spec_.last || e.max_time < spec_.first;
            });
            if (!by_block[block].empty()) {
                const auto& stats = selection->blocks()[block];
                ScanItem item;
                item.selection = selection.get();
                item.block = block;
                item.min_time = spec_.last;
                item.max_time = spec_.first;
                std::uint32_t wanted_rows = 0;
                for (const auto& e : by_block[block]) {
                    wanted_rows += e.rows;
                    item.min_time = std::min(item.min_time, std::max(e.min_time, spec_.first));
                    item.max_time = std::max(item.max_time, std::min(e.max_time, spec_.last));
                }
                item.whole = wanted_rows == stats.rows && stats.min_time >= spec_.first &&
                             stats.max_time <= spec_.last;
                item.extents = std::move(by_block[block]);
                items_.push_back(std::move(item));
            }
        }
    }
    if (spec_.drop_duplicates) {
        find_overlaps();
    }
}

void Scan::find_overlaps() {
    std::vector<Extent> extents;
    for (std::uint32_t i = 0; i < items_.size(); ++i) {
        for (const auto& e : items_[i].extents) {
            extents.push_back(
                {items_[i].selection->id(e.stream), e.min_time, e.max_time, i, e.stream});
        }
    }
    std::sort(extents.begin(), extents.end(), [](const Extent& a, const Extent& b) {
        return std::tie(a.id, a.min_time, a.item) < std::tie(b.id, b.min_time, b.item);
    });
    // Within a stream, by begin: an extent overlaps an earlier one if it begins before the latest
    // end so far; that earlier one is remembered.
    std::size_t latest = 0;
    for (std::size_t i = 1; i < extents.size(); ++i) {
        if (extents[i].id != extents[latest].id) {
            latest = i;
            continue;
        }
        if (extents[i].min_time <= extents[latest].max_time) {
            items_[extents[i].item].overlapping.push_back(extents[i].stream);
            items_[extents[latest].item].overlapping.push_back(extents[latest].stream);
        }
        if (extents[i].max_time > extents[latest].max_time) {
            latest = i;
        }
    }
    for (auto& item : items_) {
        auto& list = item.overlapping;
        std::sort(list.begin(), list.end());
        list.erase(std::unique(list.begin(), list.end()), list.end());
    }
}

void Scan::select_rows(const ScanItem& item, ScanRows& out) const {
    std::size_t next = 0;  // rows are sorted by stream
    for (std::uint32_t row = 0; row < out.times.size(); ++row) {
        while (next < item.extents.size() && item.extents[next].stream < out.streams[row]) {
            ++next;
        }
        if (next == item.extents.size()) {
            break;
        }
        if (item.extents[next].stream == out.streams[row] && out.times[row] >= spec_.first &&
            out.times[row] <= spec_.last) {
            out.rows.push_back(row);
        }
    }
}

StatusOr<ScanRows> Scan::read(const ScanItem& item, OpenBlock& block) {
    LOGI_RETURN_IF_ERROR(block.open(item));
    block::BlockReader* const reader = block.reader.get();
    ScanRows out;
    out.selection = item.selection;
    out.block = reader;
    if (item.whole) {
        out.rows.resize(reader->stats().rows);
        std::iota(out.rows.begin(), out.rows.end(), 0U);
    } else {
        LOGI_ASSIGN_OR_RETURN(out.streams, reader->streams());
        LOGI_ASSIGN_OR_RETURN(out.times, reader->times());
        select_rows(item, out);
    }
    if (!spec_.filters.empty()) {
        block.filtered = true;
        block.counts.lines += out.rows.size();
        LOGI_ASSIGN_OR_RETURN(block.counts.line_bytes, searched_bytes(item, out));
    }
    for (const auto& filter : spec_.filters) {
        if (out.rows.empty()) {
            return out;
        }
        LOGI_RETURN_IF_ERROR(reader->filter(filter, out.rows));
    }
    // A block whose rows are all wanted needs these columns only if a line passed.
    if (item.whole && !out.rows.empty()) {
        LOGI_ASSIGN_OR_RETURN(out.streams, reader->streams());
        LOGI_ASSIGN_OR_RETURN(out.times, reader->times());
    }
    if (!item.overlapping.empty()) {
        LOGI_RETURN_IF_ERROR(drop_duplicates(item, out));
    }
    return out;
}

void Scan::add(const ScanItem& item, const OpenBlock& block) {
    if (block.reader == nullptr) {
        return;
    }
    ReadCounts counts = block.counts;
    counts.blocks = 1;
    {
        const base::MutexLock lock(mutex_);
        (item.selection->in_memory() ? stats_.head : stats_.segments) += counts;
    }
    if (!item.selection->in_memory()) {
        read_ahead(item);
    }
}

// Not more than twice what was opened so far: a scan that soon has all it wants leaves little
// that was read for nothing.
void Scan::read_ahead(const ScanItem& item) {
    const std::less<const ScanItem*> before;
    if (before(&item, items_.data()) || !before(&item, items_.data() + items_.size())) {
        return;
    }
    const auto next = static_cast<std::size_t>(&item - items_.data()) + 1;
    std::size_t begin = 0;
    std::size_t end = 0;
    {
        const base::MutexLock lock(mutex_);
        ++opened_;
        begin = std::max(ahead_, next);
        end = std::min(items_.size(), next + std::min(kAheadMax, 2 * opened_));
        if (end < begin + std::min(kAheadTogether, opened_) && end < items_.size()) {
            return;
        }
        ahead_ = std::max(ahead_, end);
    }
    std::vector<std::uint32_t> blocks;
    for (std::size_t i = begin; i < end;) {
        const segment::Selection* const selection = items_[i].selection;
        blocks.clear();
        for (; i < end && items_[i].selection == selection; ++i) {
            blocks.push_back(items_[i].block);
        }
        std::sort(blocks.begin(), blocks.end());
        selection->read_ahead(blocks);
    }
}

void Scan::add_duplicate() {
    const base::MutexLock lock(mutex_);
    ++stats_.duplicates;
}

ScanStats Scan::stats() const {
    const base::MutexLock lock(mutex_);
    ScanStats stats = stats_;
    stats.blocks_found = items_.size();
    return stats;
}

Status Scan::drop_duplicates(const ScanItem& item, ScanRows& rows) {
    std::vector<std::uint32_t> kept;
    std::vector<MetadataView> metadata;
    for (const std::uint32_t row : rows.rows) {
        const std::uint32_t stream = rows.streams[row];
        if (std::binary_search(item.overlapping.begin(), item.overlapping.end(), stream)) {
            LOGI_ASSIGN_OR_RETURN(
                const base::Hash128 key,
                entry_key(*rows.block, row, item.selection->id(stream), rows.times[row], metadata));
            const base::MutexLock lock(mutex_);
            if (seen_.size() >= kSeenMax) {
                return absl::ResourceExhaustedError(
                    "the query has to compare too many entries of overlapping blocks; shorten its "
                    "time "
                    "range or add label matchers");
            }
            if (!seen_.insert(key).second) {
                ++stats_.duplicates;
                continue;
            }
        }
        kept.push_back(row);
    }
    rows.rows = std::move(kept);
    return absl::OkStatus();
}

}  // namespace logi::exec
