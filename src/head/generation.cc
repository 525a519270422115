#include "head/generation.h"

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/planted.h"
#include "head/head_source.h"
#include "head/sorted_rows.h"

namespace logi::head {
namespace {

std::shared_ptr<RowGroup> make_group(std::vector<block::Row> rows,
                                     std::shared_ptr<Arena> arena,
                                     std::vector<std::shared_ptr<const std::string>> records) {
    auto group = std::make_shared<RowGroup>();
    group->rows = std::move(rows);
    group->arena = std::move(arena);
    group->records = std::move(records);
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

void Generation::keep_record(const std::shared_ptr<const std::string>& record) {
    if (open_records_.empty() || open_records_.back() != record) {
        open_records_.push_back(record);
    }
    // A record whose entries fill up one group and begin the next is kept by both, and counts once.
    if (last_record_ != record.get()) {
        last_record_ = record.get();
        memory_bytes_ += sizeof(std::string) + record->size();
    }
}

const MetadataView* Generation::copy_metadata(const std::vector<MetadataView>& metadata,
                                              bool with_bytes) {
    if (metadata.empty()) {
        return nullptr;
    }
    auto* copies = open_arena_->allocate_array<MetadataView>(metadata.size());
    for (std::size_t i = 0; i < metadata.size(); ++i) {
        new (copies + i)
            MetadataView(with_bytes ? MetadataView{open_arena_->copy(metadata[i].name),
                                                   open_arena_->copy(metadata[i].value)}
                                    : metadata[i]);
    }
    return copies;
}

void Generation::append(const Labels& labels,
                        StreamId id,
                        const std::vector<EntryView>& entries,
                        std::uint64_t position,
                        std::uint32_t first_index,
                        const std::shared_ptr<const std::string>& record) {
    const base::MutexLock lock(mutex_);
    LOGI_CHECK(to_ == 0);
    const std::uint32_t stream = stream_ordinal(labels, id);
    for (const auto& entry : entries) {
        if (open_arena_ == nullptr) {
            open_arena_ = std::make_shared<Arena>();
            if (!groups_.empty()) {
                open_rows_.reserve(groups_.back()->rows.size());  // likely to be alike
            }
        }
        if (record != nullptr) {
            keep_record(record);
        }
        const std::size_t arena_before = open_arena_->memory_bytes();
        block::Row row{};
        row.stream = stream;
        row.time = entry.time;
        row.sequence = {journal_, position, first_index++};
        row.line = record != nullptr ? entry.line : open_arena_->copy(entry.line);
        row.metadata_count = static_cast<std::uint32_t>(entry.metadata.size());
        row.metadata = copy_metadata(entry.metadata, record == nullptr);
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
    groups_.push_back(
        make_group(std::move(open_rows_), std::move(open_arena_), std::move(open_records_)));
    open_rows_ = {};
    open_arena_ = nullptr;
    open_records_ = {};
    open_bytes_ = 0;
}

void Generation::seal(std::uint64_t to) {
    const base::MutexLock lock(mutex_);
    LOGI_CHECK(to_ == 0 && to >= from_);
    to_ = to;
    if (!base::planted(base::Planted::kFlushWithoutTail)) {
        close_group();
    }
}

std::shared_ptr<const segment::BlockHolder> Generation::view() const {
    std::vector<std::shared_ptr<const HeadStream>> streams;
    std::vector<std::shared_ptr<const RowGroup>> groups;
    std::vector<block::Row> open_rows;
    std::shared_ptr<Arena> open_arena;
    std::vector<std::shared_ptr<const std::string>> open_records;
    {
        const base::MutexLock lock(mutex_);
        streams = streams_;
        groups = groups_;
        open_rows = open_rows_;
        open_arena = open_arena_;
        open_records = open_records_;
    }
    if (!open_rows.empty()) {
        groups.push_back(
            make_group(std::move(open_rows), std::move(open_arena), std::move(open_records)));
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

std::size_t Generation::group_count() const {
    const base::MutexLock lock(mutex_);
    return groups_.size() + (open_rows_.empty() ? 0 : 1);
}

bool Generation::empty() const {
    const base::MutexLock lock(mutex_);
    return groups_.empty() && open_rows_.empty();
}

Status Generation::flush(const std::function<Status(FlushedSegment)>& put,
                         const HiddenRows& hidden) const {
    std::vector<std::shared_ptr<const HeadStream>> streams;
    std::vector<std::shared_ptr<const RowGroup>> groups;
    {
        const base::MutexLock lock(mutex_);
        LOGI_CHECK(to_ != 0);
        streams = streams_;
        groups = groups_;
    }
    return flush_groups(streams, groups, hidden, put);
}

}  // namespace logi::head
