// Open segments, so that their directories are read once.
#pragma once

#include "absl/container/flat_hash_map.h"
#include "base/mutex.h"
#include "bucket/bucket.h"
#include "catalog/snapshot.h"
#include "segment/segment_reader.h"

#include <list>
#include <memory>
#include <string>

namespace logi::ingest {

// Opens a segment of the bucket, which must outlive it.
StatusOr<std::shared_ptr<const segment::SegmentReader>> open_segment(bucket::Bucket& bucket,
                                                                     const std::string& key);

// Thread-safe; the least recently used leave when the streams of all, which are what a directory's
// memory grows with, are over a bound. Statistics, which stay in memory once they are read, count
// as streams that take as much.
class SegmentCache {
  public:
    explicit SegmentCache(std::uint64_t streams_max) : streams_max_(streams_max) {}

    StatusOr<std::shared_ptr<const segment::Source>> open(bucket::Bucket& bucket,
                                                          const catalog::SegmentInfo& info);
    // Of a segment that lives no longer.
    void forget(const std::string& key);

  private:
    struct Item {
        std::string key;
        std::shared_ptr<const segment::SegmentReader> source;
    };
    [[nodiscard]] static std::uint64_t weight(const segment::SegmentReader& source);
    void drop(std::list<Item>::iterator item) LOGI_REQUIRES(mutex_);

    const std::uint64_t streams_max_;
    base::Mutex mutex_;
    std::list<Item> items_ LOGI_GUARDED_BY(mutex_);  // most recently used first
    absl::flat_hash_map<std::string, std::list<Item>::iterator> by_key_ LOGI_GUARDED_BY(mutex_);
    std::uint64_t streams_ LOGI_GUARDED_BY(mutex_) = 0;
};

}  // namespace logi::ingest
