#include "ingest/segment_cache.h"

namespace logi::ingest {
namespace {

// Each open segment counts for at least this many streams, so that many small ones are bounded too.
constexpr std::uint64_t kStreamsPerSegmentMin = 16;

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
    LOGI_ASSIGN_OR_RETURN(const std::uint64_t size, bucket.size(info.key));
    LOGI_ASSIGN_OR_RETURN(const std::shared_ptr<const segment::Source> source,
                          segment::SegmentReader::open(
                              std::make_shared<BucketFile>(bucket, info.key, size), info.key));
    const base::MutexLock lock(mutex_);
    if (by_key_.contains(info.key)) {
        return source;  // another request was faster
    }
    items_.push_front({info.key, source});
    by_key_[info.key] = items_.begin();
    streams_ += source->stream_count() + kStreamsPerSegmentMin;
    while (streams_ > streams_max_ && items_.size() > 1) {
        streams_ -= items_.back().source->stream_count() + kStreamsPerSegmentMin;
        by_key_.erase(items_.back().key);
        items_.pop_back();
    }
    return source;
}

}  // namespace logi::ingest
