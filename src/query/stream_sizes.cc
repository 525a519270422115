#include "query/stream_sizes.h"

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "base/bytes.h"
#include "base/check.h"
#include "base/hash.h"
#include "base/mutex.h"
#include "block/metadata_size.h"
#include "exec/run_items.h"

#include <tuple>

namespace logi::query {
namespace {

// 16 bytes each, and as many again once their times turn out to be shared.
constexpr std::size_t kComparedMax = 10'000'000;
// 8 bytes each.
constexpr std::size_t kSumsMax = 16'000'000;

// An extent of a selected stream that may have entries in the request's time.
struct Extent {
    const segment::Selection* selection = nullptr;
    segment::StreamExtent in_source;
    std::uint32_t stream = 0;  // number over all sources
    // Entries at these times may also be in another extent of the stream.
    Timestamp overlap_first = Timestamp::max();
    Timestamp overlap_last = Timestamp::min();
    bool shares_times = false;  // which ones is in shared_times_
    bool read = false;
};

struct BlockItem {
    const segment::Selection* selection = nullptr;
    std::uint32_t block = 0;
    std::vector<std::uint32_t> extents;
};

using Times = std::pair<Timestamp, Timestamp>;  // both included

// An entry's place in time, for finding times that extents share.
struct Place {
    std::uint32_t stream;
    std::uint32_t extent;
    Timestamp time;
};

// An entry at a shared time: of those with equal keys the first counts.
struct SharedTimeEntry {
    std::uint32_t stream;
    std::uint32_t extent;
    Timestamp time;
    base::Hash128 key;
    std::uint64_t bytes;
};

struct Count {
    std::uint32_t stream;
    std::uint32_t window;
    std::uint64_t entries;
    std::uint64_t bytes;
};

// What was read of one block.
struct BlockSizes {
    std::vector<Count> counts;
    std::vector<SharedTimeEntry> candidates;
    exec::ReadCounts read;
};

StatusOr<base::Hash128> entry_key(block::BlockReader& block,
                                  std::uint32_t row,
                                  const std::vector<MetadataView>& metadata) {
    LOGI_ASSIGN_OR_RETURN(const std::string_view line, block.line(row));
    std::string bytes;
    base::ByteWriter w(bytes);
    w.string(line);
    for (const auto& pair : metadata) {
        w.string(pair.name);
        w.string(pair.value);
    }
    return base::hash128(bytes);
}

class SizeScan : public std::enable_shared_from_this<SizeScan> {
  public:
    using Done = std::function<void(StatusOr<StreamSizes>)>;
    SizeScan(io::Executor& executor,
             exec::Sources sources,
             SizeRequest request,
             io::CancelToken cancel,
             Done done)
        : executor_(executor),
          sources_(std::move(sources)),
          request_(std::move(request)),
          last_(request_.lasts.back()),
          cancel_(std::move(cancel)),
          done_(std::move(done)) {}

    void start() {
        if (const Status status = gather(); !status.ok()) {
            done_(status);
            return;
        }
        find_overlaps();
        const auto items =
            items_where([](const Extent& e) { return e.overlap_first <= e.overlap_last; });
        run(items, &SizeScan::read_places, [](SizeScan& scan) { scan.count(); });
    }

  private:
    using Body = Status (SizeScan::*)(const BlockItem&);

    Status gather();
    StatusOr<std::optional<std::uint32_t>> number_of(const segment::Selection& selection,
                                                     std::uint32_t stream);
    void find_overlaps();
    template <typename Wanted>
    [[nodiscard]] std::vector<BlockItem> items_where(Wanted wanted) const;
    void run(std::vector<BlockItem> items, Body body, std::function<void(SizeScan&)> then);
    Status read_places(const BlockItem& item);
    void find_shared_times();
    void count();
    Status read_sizes(const BlockItem& item);
    Status read_block(const BlockItem& item, BlockSizes& out) const;
    // What statistics tell of an extent. The times of which they do not are left.
    [[nodiscard]] std::vector<Times> count_buckets(const Extent& extent,
                                                   const segment::StatisticsView& statistics,
                                                   BlockSizes& out) const;
    Status read_extent(block::BlockReader& block,
                       std::uint32_t number,
                       const std::vector<Times>& wanted,
                       BlockSizes& out) const;
    void finish();
    void add(const Count& count) LOGI_REQUIRES(mutex_);

    [[nodiscard]] std::uint32_t window_of(Timestamp t) const {
        const auto it = std::lower_bound(request_.lasts.begin(), request_.lasts.end(), t);
        return static_cast<std::uint32_t>(it - request_.lasts.begin());
    }
    // Whether the directory tells all that is to be known of it.
    [[nodiscard]] bool is_whole(const Extent& e) const {
        return e.in_source.has_bytes && e.in_source.exact &&
               e.in_source.min_time >= request_.first && e.in_source.max_time <= last_ &&
               window_of(e.in_source.min_time) == window_of(e.in_source.max_time);
    }

    io::Executor& executor_;
    const exec::Sources sources_;
    exec::Selections selections_;
    const SizeRequest request_;
    const Timestamp last_;
    const io::CancelToken cancel_;
    const Done done_;

    absl::flat_hash_map<StreamId, std::uint32_t> numbers_;
    std::vector<std::vector<std::uint32_t>> groups_;  // by stream
    std::vector<Extent> extents_;
    absl::flat_hash_set<std::pair<std::uint32_t, std::int64_t>> shared_times_;
    exec::Damage damage_;

    base::Mutex mutex_;
    std::vector<Place> places_ LOGI_GUARDED_BY(mutex_);
    std::vector<SharedTimeEntry> candidates_ LOGI_GUARDED_BY(mutex_);
    std::vector<std::uint64_t> entries_ LOGI_GUARDED_BY(mutex_);  // by stream
    StreamSizes sizes_ LOGI_GUARDED_BY(mutex_);
};

Status SizeScan::gather() {
    LOGI_ASSIGN_OR_RETURN(selections_,
                          exec::select(sources_, request_.matchers, request_.first, last_));
    for (const auto& selection : selections_.of) {
        std::uint32_t stream = 0;
        std::optional<std::uint32_t> number;  // over all sources; none: it does not count
        bool first = true;
        for (const auto& e : selection->extents()) {
            if (first || e.stream != stream) {
                stream = e.stream;
                LOGI_ASSIGN_OR_RETURN(number, number_of(*selection, stream));
                first = false;
            }
            if (number.has_value()) {
                extents_.push_back({selection.get(), e, *number});
            }
        }
    }
    std::uint32_t groups = 0;
    for (const auto& of_stream : groups_) {
        for (const std::uint32_t group : of_stream) {
            groups = std::max(groups, group + 1);
        }
    }
    const std::size_t sums = request_.lasts.size() * groups;
    if (sums > kSumsMax) {
        return absl::ResourceExhaustedError(
            "the answer would have too many values; make the step longer or the time range "
            "shorter");
    }
    const base::MutexLock lock(mutex_);
    sizes_.bytes.resize(sums);
    sizes_.extents = extents_.size();
    entries_.resize(groups_.size());
    return absl::OkStatus();
}

StatusOr<std::optional<std::uint32_t>> SizeScan::number_of(const segment::Selection& selection,
                                                           std::uint32_t stream) {
    const auto [it, is_new] =
        numbers_.try_emplace(selection.id(stream), static_cast<std::uint32_t>(groups_.size()));
    if (is_new) {
        groups_.emplace_back();
        LOGI_RETURN_IF_ERROR(request_.groups_of(selection.labels(stream), groups_.back()));
    }
    return groups_[it->second].empty() ? std::nullopt : std::optional(it->second);
}

// Within a stream, by begin: an extent overlaps earlier ones if it begins before the latest end so
// far. What it shares with any of them it shares with the one that ends last.
void SizeScan::find_overlaps() {
    std::vector<Extent*> order;
    order.reserve(extents_.size());
    for (auto& e : extents_) {
        order.push_back(&e);
    }
    std::sort(order.begin(), order.end(), [](const Extent* a, const Extent* b) {
        return std::tie(a->stream, a->in_source.min_time) <
               std::tie(b->stream, b->in_source.min_time);
    });
    Extent* latest = nullptr;
    for (Extent* e : order) {
        if (latest == nullptr || latest->stream != e->stream) {
            latest = e;
            continue;
        }
        const Timestamp first = std::max(e->in_source.min_time, request_.first);
        const Timestamp last = std::min({e->in_source.max_time, latest->in_source.max_time, last_});
        if (first <= last) {
            for (Extent* one : {e, latest}) {
                one->overlap_first = std::min(one->overlap_first, first);
                one->overlap_last = std::max(one->overlap_last, last);
            }
        }
        if (e->in_source.max_time > latest->in_source.max_time) {
            latest = e;
        }
    }
}

template <typename Wanted>
std::vector<BlockItem> SizeScan::items_where(Wanted wanted) const {
    std::vector<BlockItem> items;
    absl::flat_hash_map<std::pair<const segment::Selection*, std::uint32_t>, std::size_t> item_of;
    for (std::uint32_t i = 0; i < extents_.size(); ++i) {
        const Extent& e = extents_[i];
        if (wanted(e)) {
            const auto [it, is_new] =
                item_of.try_emplace({e.selection, e.in_source.block}, items.size());
            if (is_new) {
                items.push_back({e.selection, e.in_source.block, {}});
            }
            items[it->second].extents.push_back(i);
        }
    }
    return items;
}

void SizeScan::run(std::vector<BlockItem> items, Body body, std::function<void(SizeScan&)> then) {
    const auto self = shared_from_this();
    const auto shared = std::make_shared<const std::vector<BlockItem>>(std::move(items));
    if (shared->empty()) {
        then(*this);
        return;
    }
    exec::run_items(
        executor_,
        shared->size(),
        cancel_,
        [self, shared, body](std::size_t i) { return ((*self).*body)((*shared)[i]); },
        [self, then = std::move(then)](const Status& status) {
            if (status.ok()) {
                then(*self);
            } else {
                self->done_(status);
            }
        });
}

Status SizeScan::read_places(const BlockItem& item) {
    LOGI_ASSIGN_OR_RETURN(const auto block, item.selection->open_block(item.block));
    const auto streams = block->streams();
    const auto times = block->times();
    if (!streams.ok() || !times.ok()) {
        // The damage is found again, and reported, when its sizes are read.
        for (const std::uint32_t i : item.extents) {
            extents_[i].shares_times = true;
        }
        return absl::OkStatus();
    }
    std::vector<Place> places;
    for (const std::uint32_t i : item.extents) {
        const Extent& e = extents_[i];
        const auto [begin, end] =
            std::equal_range(streams->begin(), streams->end(), e.in_source.stream);
        for (auto row = begin - streams->begin(); row < end - streams->begin(); ++row) {
            const Timestamp time = (*times)[static_cast<std::size_t>(row)];
            if (time >= e.overlap_first && time <= e.overlap_last) {
                places.push_back({e.stream, i, time});
            }
        }
    }
    const base::MutexLock lock(mutex_);
    if (places_.size() + places.size() > kComparedMax) {
        return absl::ResourceExhaustedError(
            "too many entries of overlapping blocks have to be compared; shorten the time range or "
            "add label matchers");
    }
    places_.insert(places_.end(), places.begin(), places.end());
    return absl::OkStatus();
}

void SizeScan::find_shared_times() {
    const base::MutexLock lock(mutex_);
    std::sort(places_.begin(), places_.end(), [](const Place& a, const Place& b) {
        return std::tie(a.stream, a.time, a.extent) < std::tie(b.stream, b.time, b.extent);
    });
    for (std::size_t i = 1; i < places_.size(); ++i) {
        const Place& a = places_[i - 1];
        const Place& b = places_[i];
        if (a.stream == b.stream && a.time == b.time && a.extent != b.extent) {
            shared_times_.insert({a.stream, a.time.ns});
            extents_[a.extent].shares_times = true;
            extents_[b.extent].shares_times = true;
        }
    }
    places_ = {};
}

void SizeScan::count() {
    find_shared_times();
    {
        const base::MutexLock lock(mutex_);
        for (auto& e : extents_) {
            e.read = e.shares_times || !is_whole(e);
            if (!e.read) {
                add({e.stream,
                     window_of(e.in_source.min_time),
                     e.in_source.rows,
                     e.in_source.line_bytes + e.in_source.metadata_bytes});
            }
        }
    }
    const auto body = [](SizeScan& scan) {
        scan.finish();
    };
    run(items_where([](const Extent& e) { return e.read; }), &SizeScan::read_sizes, body);
}

Status SizeScan::read_sizes(const BlockItem& item) {
    BlockSizes read;
    if (const Status status = read_block(item, read); !status.ok()) {
        return damage_.note(status);
    }
    const base::MutexLock lock(mutex_);
    for (const Count& count : read.counts) {
        add(count);
    }
    candidates_.insert(candidates_.end(), read.candidates.begin(), read.candidates.end());
    (item.selection->in_memory() ? sizes_.read.head : sizes_.read.segments) += read.read;
    return absl::OkStatus();
}

Status SizeScan::read_block(const BlockItem& item, BlockSizes& out) const {
    std::vector<segment::StreamExtent> extents;
    for (const std::uint32_t number : item.extents) {
        extents.push_back(extents_[number].in_source);
    }
    LOGI_ASSIGN_OR_RETURN(const auto statistics, exec::told_of(*item.selection, extents));
    std::unique_ptr<block::BlockReader> block;
    for (const std::uint32_t number : item.extents) {
        const Extent& e = extents_[number];
        std::vector<Times> wanted = {{request_.first, last_}};
        if (statistics.has_value() && e.in_source.exact && !e.shares_times) {
            wanted = count_buckets(e, *statistics, out);
        }
        if (wanted.empty()) {
            continue;
        }
        if (block == nullptr) {
            LOGI_ASSIGN_OR_RETURN(block,
                                  item.selection->open_block(item.block, &out.read.stored_bytes));
            out.read.blocks = 1;
        }
        LOGI_RETURN_IF_ERROR(read_extent(*block, number, wanted, out));
    }
    return absl::OkStatus();
}

std::vector<Times> SizeScan::count_buckets(const Extent& extent,
                                           const segment::StatisticsView& statistics,
                                           BlockSizes& out) const {
    const segment::ExtentCounts* const found = statistics.find(extent.in_source.stream);
    if (found == nullptr) {
        return {{request_.first, last_}};
    }
    std::vector<Times> left;
    for (const segment::LevelCount& count : found->counts) {
        const Times times = segment::times_of(extent.in_source, found->width, count.bucket);
        if (times.second < request_.first || times.first > last_) {
            continue;
        }
        const std::uint32_t window = window_of(times.first);
        if (times.first >= request_.first && times.second <= request_.lasts[window]) {
            out.counts.push_back(
                {extent.stream, window, count.rows, count.line_bytes + count.metadata_bytes});
        } else if (left.empty() ||
                   left.back().second < times.first) {  // not its bucket's second level
            left.push_back({std::max(times.first, request_.first), std::min(times.second, last_)});
        }
    }
    return left;
}

// Goes through an extent from its first row, also where that lies before the wanted times: of
// equal texts in its metadata only the first counts.
Status SizeScan::read_extent(block::BlockReader& block,
                             std::uint32_t number,
                             const std::vector<Times>& wanted,
                             BlockSizes& out) const {
    LOGI_ASSIGN_OR_RETURN(const auto streams, block.streams());
    LOGI_ASSIGN_OR_RETURN(const auto times, block.times());
    LOGI_ASSIGN_OR_RETURN(const auto lengths, block.line_lengths());
    const Extent& e = extents_[number];
    const auto [begin, end] = std::equal_range(streams.begin(), streams.end(), e.in_source.stream);
    block::MetadataSize metadata_size;
    std::vector<MetadataView> metadata;
    Count count{e.stream, 0, 0, 0};
    auto place = wanted.begin();
    for (auto it = begin; it != end; ++it) {
        const auto row = static_cast<std::uint32_t>(it - streams.begin());
        const Timestamp time = times[row];
        while (place != wanted.end() && place->second < time) {
            ++place;
        }
        if (place == wanted.end()) {
            break;
        }
        ++out.read.lines;
        LOGI_RETURN_IF_ERROR(block.metadata(row, metadata));
        out.read.metadata_bytes += exec::bytes_of(metadata);
        const std::uint64_t bytes = lengths[row] + metadata_size.add(metadata);
        if (time < place->first) {
            continue;
        }
        if (e.shares_times && shared_times_.contains({e.stream, time.ns})) {
            LOGI_ASSIGN_OR_RETURN(const auto key, entry_key(block, row, metadata));
            out.read.line_bytes += lengths[row];
            out.candidates.push_back({e.stream, number, time, key, bytes});
            continue;
        }
        if (time > request_.lasts[count.window]) {
            out.counts.push_back(count);
            count = {e.stream, window_of(time), 0, 0};
        }
        ++count.entries;
        count.bytes += bytes;
    }
    out.counts.push_back(count);
    return absl::OkStatus();
}

void SizeScan::add(const Count& count) {
    entries_[count.stream] += count.entries;
    sizes_.entries += count.entries;
    sizes_.total_bytes += count.bytes;
    for (const std::uint32_t group : groups_[count.stream]) {
        sizes_.bytes[group * request_.lasts.size() + count.window] += count.bytes;
    }
}

void SizeScan::finish() {
    StreamSizes sizes;
    {
        const base::MutexLock lock(mutex_);
        const auto entry_of = [](const SharedTimeEntry& c) {
            return std::tie(c.stream, c.time, c.key);
        };
        std::sort(candidates_.begin(),
                  candidates_.end(),
                  [&](const SharedTimeEntry& a, const SharedTimeEntry& b) {
                      return std::tuple_cat(entry_of(a), std::tie(a.extent)) <
                             std::tuple_cat(entry_of(b), std::tie(b.extent));
                  });
        for (std::size_t i = 0; i < candidates_.size(); ++i) {
            const SharedTimeEntry& c = candidates_[i];
            if (i == 0 || entry_of(candidates_[i - 1]) != entry_of(c)) {
                add({c.stream, window_of(c.time), 1, c.bytes});
            }
        }
        sizes_.streams = static_cast<std::uint64_t>(
            std::count_if(entries_.begin(), entries_.end(), [](std::uint64_t n) { return n > 0; }));
        sizes_.missing = selections_.missing;
        for (auto& text : damage_.list()) {
            sizes_.missing.push_back(std::move(text));
        }
        sizes = std::move(sizes_);
    }
    done_(std::move(sizes));
}

}  // namespace

void run_stream_sizes(io::Executor& executor,
                      exec::Sources sources,
                      SizeRequest request,
                      io::CancelToken cancel,
                      std::function<void(StatusOr<StreamSizes>)> done) {
    LOGI_CHECK(!request.lasts.empty());
    std::make_shared<SizeScan>(
        executor, std::move(sources), std::move(request), std::move(cancel), std::move(done))
        ->start();
}

}  // namespace logi::query
