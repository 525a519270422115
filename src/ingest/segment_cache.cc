#include "ingest/segment_cache.h"

namespace logi::ingest {
namespace {

// What each open segment takes beside its root, about, so that many small ones are bounded too.
constexpr std::size_t kBytesPerSegment = 1024;

class BucketFile final : public segment::SegmentFile {
  public:
    BucketFile(bucket::Bucket& bucket, std::string key, std::uint64_t size)
        : bucket_(bucket), key_(std::move(key)), size_(size) {}
    [[nodiscard]] std::uint64_t size() const override { return size_; }
    [[nodiscard]] StatusOr<std::string> read(std::uint64_t offset,
                                             std::uint64_t length) const override {
        return bucket_.get_range(key_, offset, length);
    }

  private:
    bucket::Bucket& bucket_;
    const std::string key_;
    const std::uint64_t size_;
};

}  // namespace

StatusOr<std::shared_ptr<const segment::SegmentReader>> open_segment(
    bucket::Bucket& bucket, const std::string& key, std::shared_ptr<segment::PageCache> pages) {
    LOGI_ASSIGN_OR_RETURN(const std::uint64_t size, bucket.size(key));
    return segment::SegmentReader::open(
        std::make_shared<BucketFile>(bucket, key, size), key, std::move(pages));
}

StatusOr<std::shared_ptr<const segment::Source>> SegmentCache::open(
    bucket::Bucket& bucket, const catalog::SegmentInfo& info) {
    {
        const base::MutexLock lock(mutex_);
        const auto it = by_key_.find(info.key);
        if (it != by_key_.end()) {
            items_.splice(items_.begin(), items_, it->second);
            return it->second->source;
        }
    }
    LOGI_ASSIGN_OR_RETURN(const std::shared_ptr<const segment::SegmentReader> source,
                          open_segment(bucket, info.key, pages_));
    const base::MutexLock lock(mutex_);
    if (by_key_.contains(info.key)) {
        return source;  // another request was faster
    }
    items_.push_front({info.key, source});
    by_key_[info.key] = items_.begin();
    bytes_ += weight(items_.front());
    while (bytes_ > bytes_max_ && items_.size() > 1) {
        drop(std::prev(items_.end()));
    }
    return source;
}

std::size_t SegmentCache::weight(const Item& item) {
    return item.source->memory_bytes() + 2 * item.key.size() + kBytesPerSegment;
}

void SegmentCache::drop(std::list<Item>::iterator item) {
    bytes_ -= weight(*item);
    by_key_.erase(item->key);
    items_.erase(item);
}

void SegmentCache::forget(const std::string& key) {
    const base::MutexLock lock(mutex_);
    const auto it = by_key_.find(key);
    if (it != by_key_.end()) {
        drop(it->second);
    }
}

}  // namespace logi::ingest
