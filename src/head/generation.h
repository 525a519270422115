// A generation: a tenant's entries of one journal interval (from, to], in memory, queryable behind
// the reader interface of a segment.
//
// Rows are gathered in groups of about 2 MiB. A full group is sorted by (stream, time, sequence),
// freed of duplicates, and never changes again; queries share it. The open group is copied (its row
// headers, not its bytes) for each view.
#pragma once

#include "absl/container/flat_hash_map.h"
#include "base/mutex.h"
#include "block/block.h"
#include "head/arena.h"
#include "head/flush.h"
#include "model/entry.h"
#include "model/labels.h"
#include "segment/source.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace logi::head {

inline constexpr std::uint64_t kGroupBytes = 2ULL << 20U;
inline constexpr std::uint32_t kGroupRowsMax = 65536;

struct HeadStream {
    Labels labels;
    StreamId id;
};

// Rows of one group with what a block's reader needs. Immutable once shared.
struct RowGroup {
    std::vector<block::Row> rows;
    // Own the bytes of lines and metadata.
    std::shared_ptr<Arena> arena;
    std::vector<std::shared_ptr<const std::string>> records;
    block::BlockStats stats{};
    std::vector<segment::StreamExtent> extents;  // sorted by stream; block is 0
    std::uint64_t duplicates = 0;                // rows that were dropped
};

class Generation {
  public:
    Generation(std::uint64_t journal, std::uint64_t from) : journal_(journal), from_(from) {}

    // Adds entries of one stream from one record. `first_index` numbers the entries of the record.
    // With `record`, which the entries point into, it is kept; without, their bytes are copied. One
    // caller at a time; views may be taken meanwhile.
    void append(const Labels& labels,
                StreamId id,
                const std::vector<EntryView>& entries,
                std::uint64_t position,
                std::uint32_t first_index,
                const std::shared_ptr<const std::string>& record = nullptr);

    // No more appends; the interval ends at `to`.
    void seal(std::uint64_t to);

    // What is in it now.
    [[nodiscard]] std::shared_ptr<const segment::BlockHolder> view() const;

    [[nodiscard]] std::uint64_t journal() const { return journal_; }
    [[nodiscard]] std::uint64_t from() const { return from_; }
    [[nodiscard]] std::uint64_t to() const;
    // Memory that rows, bytes and labels take, roughly.
    [[nodiscard]] std::uint64_t memory_bytes() const;
    [[nodiscard]] bool empty() const;
    // Groups, the open one included.
    [[nodiscard]] std::size_t group_count() const;

    // A sealed generation as segments: flush_groups(). Groups are the blocks of view().
    Status flush(const std::function<Status(FlushedSegment)>& put,
                 const HiddenRows& hidden = {}) const;

  private:
    void keep_record(const std::shared_ptr<const std::string>& record) LOGI_REQUIRES(mutex_);
    const MetadataView* copy_metadata(const std::vector<MetadataView>& metadata, bool with_bytes)
        LOGI_REQUIRES(mutex_);
    void close_group() LOGI_REQUIRES(mutex_);
    std::uint32_t stream_ordinal(const Labels& labels, StreamId id) LOGI_REQUIRES(mutex_);

    const std::uint64_t journal_;
    const std::uint64_t from_;
    mutable base::Mutex mutex_;
    std::uint64_t to_ LOGI_GUARDED_BY(mutex_) = 0;
    std::vector<std::shared_ptr<const HeadStream>> streams_ LOGI_GUARDED_BY(mutex_);
    absl::flat_hash_map<StreamId, std::uint32_t> ordinals_ LOGI_GUARDED_BY(mutex_);
    std::vector<std::shared_ptr<const RowGroup>> groups_ LOGI_GUARDED_BY(mutex_);
    std::vector<block::Row> open_rows_ LOGI_GUARDED_BY(mutex_);
    std::shared_ptr<Arena> open_arena_ LOGI_GUARDED_BY(mutex_);
    std::vector<std::shared_ptr<const std::string>> open_records_ LOGI_GUARDED_BY(mutex_);
    const std::string* last_record_ LOGI_GUARDED_BY(mutex_) = nullptr;
    std::uint64_t open_bytes_ LOGI_GUARDED_BY(mutex_) = 0;
    std::uint64_t memory_bytes_ LOGI_GUARDED_BY(mutex_) = 0;
};

}  // namespace logi::head
