// Open segments, so that their ends are read once.
#pragma once

#include "absl/container/flat_hash_map.h"
#include "base/mutex.h"
#include "bucket/bucket.h"
#include "bucket/range_cache.h"
#include "catalog/snapshot.h"
#include "segment/segment_reader.h"

#include <list>
#include <memory>
#include <string>

namespace logi::ingest {

// A segment's bytes, read through the ranges unless there are none (null). The bucket is asked for
// their number only where the catalog does not know it; all that is passed in outlives the file.
StatusOr<std::shared_ptr<const segment::SegmentFile>> segment_file(
    bucket::Bucket& bucket, const catalog::SegmentInfo& info, bucket::RangeCache* ranges = nullptr);

// Opens a segment of the bucket, which must outlive it. Pages of its directory go to the cache.
StatusOr<std::shared_ptr<const segment::SegmentReader>> open_segment(
    bucket::Bucket& bucket,
    const catalog::SegmentInfo& info,
    std::shared_ptr<segment::PageCache> pages);

// Thread-safe; the least recently used leave when all take more memory than a bound. The pages that
// were read of their directories are in a cache of their own, with a bound for all.
class SegmentCache {
  public:
    SegmentCache(std::size_t bytes_max, std::size_t page_bytes_max)
        : bytes_max_(bytes_max), pages_(std::make_shared<segment::PageCache>(page_bytes_max)) {}

    // From here on segments are read through it; before any is opened.
    void use(std::unique_ptr<bucket::RangeCache> ranges) { ranges_ = std::move(ranges); }

    // These are going to be opened: what that needs of them is read at once, if it is far away and
    // their size is known.
    using Files = absl::flat_hash_map<std::string, std::shared_ptr<const segment::SegmentFile>>;
    [[nodiscard]] Files read_ahead(bucket::Bucket& bucket,
                                   const std::vector<const catalog::SegmentInfo*>& infos);
    // `ahead` is what read_ahead() gave.
    StatusOr<std::shared_ptr<const segment::Source>> open(bucket::Bucket& bucket,
                                                          const catalog::SegmentInfo& info,
                                                          const Files& ahead = {});
    // Of a segment that lives no longer.
    void forget(const std::string& key);

  private:
    struct Item {
        std::string key;
        std::shared_ptr<const segment::SegmentReader> source;
    };
    [[nodiscard]] static std::size_t weight(const Item& item);
    void drop(std::list<Item>::iterator item) LOGI_REQUIRES(mutex_);

    const std::size_t bytes_max_;
    const std::shared_ptr<segment::PageCache> pages_;
    std::unique_ptr<bucket::RangeCache> ranges_;  // null: segments are read as the bucket has them
    base::Mutex mutex_;
    std::list<Item> items_ LOGI_GUARDED_BY(mutex_);  // most recently used first
    absl::flat_hash_map<std::string, std::list<Item>::iterator> by_key_ LOGI_GUARDED_BY(mutex_);
    std::size_t bytes_ LOGI_GUARDED_BY(mutex_) = 0;
};

// A segment that is opened when streams of it are asked for first: whoever has others read it need
// not. Cache and bucket must outlive it. What cannot be opened is damaged, to those who read it.
std::shared_ptr<const segment::Source> open_late(SegmentCache& cache,
                                                 bucket::Bucket& bucket,
                                                 catalog::SegmentInfo info);

// That a segment is left out of an answer.
[[nodiscard]] std::string unreadable_text(const std::string& key, const Status& why);

}  // namespace logi::ingest
