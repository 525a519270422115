#include "exec/scan.h"

#include "base/bytes.h"

#include <numeric>
#include <tuple>

namespace logi::exec {
namespace {

// 16 bytes each, with the table's slack some 700 MB: a query over that many copies is refused.
constexpr std::size_t kSeenMax = 20'000'000;

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

}  // namespace

Scan::Scan(const Sources& sources, ScanSpec spec) : spec_(std::move(spec)) {
    for (const auto& source : sources) {
        const std::vector<std::uint32_t> selected = source->select(spec_.matchers);
        std::vector<bool> wanted(source->stream_count(), false);
        for (const std::uint32_t stream : selected) {
            wanted[stream] = true;
        }
        std::vector<std::vector<segment::StreamExtent>> by_block(source->blocks().size());
        std::vector<std::uint32_t> wanted_rows(source->blocks().size(), 0);
        for (const auto& e : source->extents()) {
            if (wanted[e.stream] && e.min_time <= spec_.last && e.max_time >= spec_.first) {
                by_block[e.block].push_back(e);
                wanted_rows[e.block] += e.rows;
            }
        }
        for (std::uint32_t block = 0; block < by_block.size(); ++block) {
            if (!by_block[block].empty()) {
                const auto& stats = source->blocks()[block];
                ScanItem item;
                item.source = source.get();
                item.block = block;
                item.min_time = stats.min_time;
                item.max_time = stats.max_time;
                item.whole = wanted_rows[block] == stats.rows && stats.min_time >= spec_.first &&
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
                {items_[i].source->stream_id(e.stream), e.min_time, e.max_time, i, e.stream});
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

StatusOr<ScanRows> Scan::read(const ScanItem& item, std::unique_ptr<block::BlockReader>& reader) {
    LOGI_ASSIGN_OR_RETURN(reader, item.source->open_block(item.block));
    ScanRows out;
    out.source = item.source;
    out.block = reader.get();
    const auto& stats = reader->stats();
    if (item.whole) {
        out.rows.resize(stats.rows);
        std::iota(out.rows.begin(), out.rows.end(), 0U);
    } else {
        LOGI_ASSIGN_OR_RETURN(out.streams, reader->streams());
        LOGI_ASSIGN_OR_RETURN(out.times, reader->times());
        select_rows(item, out);
    }
    stats_.blocks.fetch_add(1);
    stats_.lines.fetch_add(out.rows.size());
    stats_.bytes.fetch_add(stats.line_bytes * out.rows.size() /
                           std::max<std::uint32_t>(stats.rows, 1));
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

Status Scan::drop_duplicates(const ScanItem& item, ScanRows& rows) {
    std::vector<std::uint32_t> kept;
    std::vector<MetadataView> metadata;
    for (const std::uint32_t row : rows.rows) {
        const std::uint32_t stream = rows.streams[row];
        if (std::binary_search(item.overlapping.begin(), item.overlapping.end(), stream)) {
            LOGI_ASSIGN_OR_RETURN(
                const base::Hash128 key,
                entry_key(
                    *rows.block, row, item.source->stream_id(stream), rows.times[row], metadata));
            const base::MutexLock lock(mutex_);
            if (seen_.size() >= kSeenMax) {
                return absl::ResourceExhaustedError(
                    "the query has to compare too many entries of overlapping blocks; shorten its "
                    "time "
                    "range or add label matchers");
            }
            if (!seen_.insert(key).second) {
                stats_.duplicates.fetch_add(1);
                continue;
            }
        }
        kept.push_back(row);
    }
    rows.rows = std::move(kept);
    return absl::OkStatus();
}

}  // namespace logi::exec
