#include "head/generation.h"

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "head/head_source.h"
#include "head/sorted_rows.h"
#include "segment/segment_writer.h"

#include <tuple>

namespace logi::head {
namespace {

constexpr std::int64_t kDayNs = 24 * 3600 * kNanosPerSecond;

// Floor division, so that times before 1970 fall into their own day.
std::int64_t day_of(Timestamp t) {
    const std::int64_t day = t.ns / kDayNs;
    return t.ns % kDayNs < 0 ? day - 1 : day;
}

std::shared_ptr<RowGroup> make_group(std::vector<block::Row> rows, std::shared_ptr<Arena> arena) {
    auto group = std::make_shared<RowGroup>();
    group->rows = std::move(rows);
    group->arena = std::move(arena);
    group->duplicates = sort_and_dedupe(group->rows);
    group->stats = stats_of(group->rows);
    group->extents = extents_of(group->rows);
    return group;
}

}  // namespace

std::uint32_t Generation::stream_ordinal(const Labels& labels, StreamId id) {
    const auto [it, is_new] =
        ordinals_.try_emplace(id, static_cast<std::uint32_t>(streams_.size()));
    if (is_new) {
        streams_.push_back(std::make_shared<HeadStream>(HeadStream{labels, id}));
        memory_bytes_ += 256;
        for (const auto& pair : labels.pairs()) {
            memory_bytes_ += sizeof(pair) + pair.name.size() + pair.value.size();
        }
    }
    return it->second;
}

void Generation::append(const Labels& labels,
                        StreamId id,
                        const std::vector<EntryView>& entries,
                        std::uint64_t position,
                        std::uint32_t first_index) {
    const base::MutexLock lock(mutex_);
    LOGI_CHECK(to_ == 0);
    const std::uint32_t stream = stream_ordinal(labels, id);
    for (const auto& entry : entries) {
        if (open_arena_ == nullptr) {
            open_arena_ = std::make_shared<Arena>();
        }
        const std::size_t arena_before = open_arena_->memory_bytes();
        block::Row row{};
        row.stream = stream;
        row.time = entry.time;
        row.sequence = {journal_, position, first_index++};
        row.line = open_arena_->copy(entry.line);
        row.metadata_count = static_cast<std::uint32_t>(entry.metadata.size());
        if (!entry.metadata.empty()) {
            auto* metadata = open_arena_->allocate_array<MetadataView>(entry.metadata.size());
            for (std::size_t i = 0; i < entry.metadata.size(); ++i) {
                new (metadata + i) MetadataView{open_arena_->copy(entry.metadata[i].name),
                                                open_arena_->copy(entry.metadata[i].value)};
            }
            row.metadata = metadata;
        }
        open_rows_.push_back(row);
        open_bytes_ += row.line.size();
        memory_bytes_ += sizeof(row) + open_arena_->memory_bytes() - arena_before;
        if (open_bytes_ >= kGroupBytes || open_rows_.size() >= kGroupRowsMax) {
            close_group();
        }
    }
}

void Generation::close_group() {
    if (open_rows_.empty()) {
        return;
    }
    groups_.push_back(make_group(std::move(open_rows_), std::move(open_arena_)));
    open_rows_ = {};
    open_arena_ = nullptr;
    open_bytes_ = 0;
}

void Generation::seal(std::uint64_t to) {
    const base::MutexLock lock(mutex_);
    LOGI_CHECK(to_ == 0 && to >= from_);
    to_ = to;
    close_group();
}

std::shared_ptr<const segment::Source> Generation::view() const {
    std::vector<std::shared_ptr<const HeadStream>> streams;
    std::vector<std::shared_ptr<const RowGroup>> groups;
    std::vector<block::Row> open_rows;
    std::shared_ptr<Arena> open_arena;
    {
        const base::MutexLock lock(mutex_);
        streams = streams_;
        groups = groups_;
        open_rows = open_rows_;
        open_arena = open_arena_;
    }
    if (!open_rows.empty()) {
        groups.push_back(make_group(std::move(open_rows), std::move(open_arena)));
    }
    return std::make_shared<HeadSource>(
        std::move(streams), std::move(groups), absl::StrCat("head ", journal_, "/", from_));
}

std::uint64_t Generation::to() const {
    const base::MutexLock lock(mutex_);
    return to_;
}

std::uint64_t Generation::memory_bytes() const {
    const base::MutexLock lock(mutex_);
    return memory_bytes_;
}

bool Generation::empty() const {
    const base::MutexLock lock(mutex_);
    return groups_.empty() && open_rows_.empty();
}

Status Generation::flush(const std::function<Status(FlushedSegment)>& put) const {
    std::vector<std::shared_ptr<const HeadStream>> streams;
    std::vector<std::shared_ptr<const RowGroup>> groups;
    {
        const base::MutexLock lock(mutex_);
        LOGI_CHECK(to_ != 0);
        streams = streams_;
        groups = groups_;
    }
    // Streams in the order of their labels, so that similar lines meet in a block.
    std::vector<std::uint32_t> by_labels(streams.size());
    for (std::uint32_t i = 0; i < by_labels.size(); ++i) {
        by_labels[i] = i;
    }
    std::sort(by_labels.begin(), by_labels.end(), [&](std::uint32_t a, std::uint32_t b) {
        return streams[a]->labels < streams[b]->labels;
    });
    std::vector<std::uint32_t> rank(streams.size());
    for (std::uint32_t i = 0; i < by_labels.size(); ++i) {
        rank[by_labels[i]] = i;
    }
    std::map<std::int64_t, std::vector<block::Row>> days;
    std::uint64_t duplicates = 0;
    for (const auto& group : groups) {
        duplicates += group->duplicates;
        for (block::Row row : group->rows) {
            row.stream = rank[row.stream];
            days[day_of(row.time)].push_back(row);
        }
    }
    for (auto& [day, rows] : days) {
        FlushedSegment flushed;
        flushed.duplicates = sort_and_dedupe(rows) + std::exchange(duplicates, 0);
        // Only the streams of this day; ordinals are dense and keep their order.
        std::vector<Labels> labels;
        std::uint32_t last_rank = 0;
        for (auto& row : rows) {
            if (labels.empty() || row.stream != last_rank) {
                last_rank = row.stream;
                labels.push_back(streams[by_labels[row.stream]]->labels);
            }
            row.stream = static_cast<std::uint32_t>(labels.size() - 1);
        }
        flushed.streams = static_cast<std::uint32_t>(labels.size());
        const block::BlockStats stats = stats_of(rows);
        flushed.rows = rows.size();
        flushed.line_bytes = stats.line_bytes;
        flushed.min_time = stats.min_time;
        flushed.max_time = stats.max_time;
        segment::SegmentWriter writer(std::move(labels));
        for (const auto& row : rows) {
            writer.add(row);
        }
        flushed.bytes = writer.finish();
        rows = {};
        LOGI_RETURN_IF_ERROR(put(std::move(flushed)));
    }
    return absl::OkStatus();
}

}  // namespace logi::head
