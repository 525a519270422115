#include "ingest/segment_cache.h"

#include "absl/strings/str_cat.h"
#include "segment/selection.h"

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

class CachedFile final : public segment::SegmentFile {
  public:
    CachedFile(bucket::RangeCache& ranges, const std::string& key, std::uint64_t size)
        : ranges_(ranges), object_(ranges.object(key, size)) {}
    [[nodiscard]] std::uint64_t size() const override { return object_->size; }
    [[nodiscard]] StatusOr<std::string> read(std::uint64_t offset,
                                             std::uint64_t length) const override {
        return ranges_.read(*object_, {offset, length});
    }
    [[nodiscard]] StatusOr<std::string> read_near(std::uint64_t offset,
                                                  std::uint64_t length,
                                                  const segment::FileRange& around) const override {
        return ranges_.read(*object_, {offset, length}, {around.offset, around.length});
    }
    void read_ahead(const segment::FileRange& range) const override {
        ranges_.read_ahead(object_, {range.offset, range.length});
    }

  private:
    bucket::RangeCache& ranges_;
    const std::shared_ptr<const bucket::RangeCache::Object> object_;
};

class LateSegment final : public segment::Source {
  public:
    LateSegment(SegmentCache& cache, bucket::Bucket& bucket, catalog::SegmentInfo info)
        : cache_(cache), bucket_(bucket), info_(std::move(info)) {}

    [[nodiscard]] StatusOr<segment::Selection> select(const std::vector<Matcher>& matchers,
                                                      Timestamp first,
                                                      Timestamp last) const override {
        LOGI_ASSIGN_OR_RETURN(const auto opened, open());
        return opened->select(matchers, first, last);
    }

  private:
    StatusOr<std::shared_ptr<const segment::Source>> open() const {
        const base::MutexLock lock(mutex_);
        if (opened_ == nullptr) {
            auto opened = cache_.open(bucket_, info_);
            if (!opened.ok()) {
                return absl::DataLossError(unreadable_text(info_.key, opened.status()));
            }
            opened_ = *std::move(opened);
        }
        return opened_;
    }

    SegmentCache& cache_;
    bucket::Bucket& bucket_;
    const catalog::SegmentInfo info_;
    mutable base::Mutex mutex_;
    mutable std::shared_ptr<const segment::Source> opened_ LOGI_GUARDED_BY(mutex_);
};

}  // namespace

StatusOr<std::shared_ptr<const segment::SegmentFile>> segment_file(bucket::Bucket& bucket,
                                                                   const catalog::SegmentInfo& info,
                                                                   bucket::RangeCache* ranges) {
    std::uint64_t size = info.size_bytes;
    if (size == 0) {
        LOGI_ASSIGN_OR_RETURN(size, bucket.size(info.key));
    }
    if (ranges != nullptr) {
        return std::make_shared<const CachedFile>(*ranges, info.key, size);
    }
    return std::make_shared<const BucketFile>(bucket, info.key, size);
}

std::string unreadable_text(const std::string& key, const Status& why) {
    return absl::StrCat("segment ", key, " cannot be read: ", why.message());
}

std::shared_ptr<const segment::Source> open_late(SegmentCache& cache,
                                                 bucket::Bucket& bucket,
                                                 catalog::SegmentInfo info) {
    return std::make_shared<const LateSegment>(cache, bucket, std::move(info));
}

StatusOr<std::shared_ptr<const segment::SegmentReader>> open_segment(
    bucket::Bucket& bucket,
    const catalog::SegmentInfo& info,
    std::shared_ptr<segment::PageCache> pages) {
    LOGI_ASSIGN_OR_RETURN(auto file, segment_file(bucket, info));
    return segment::SegmentReader::open(std::move(file), info.key, std::move(pages));
}

SegmentCache::Files SegmentCache::read_ahead(
    bucket::Bucket& bucket, const std::vector<const catalog::SegmentInfo*>& infos) {
    Files files;
    if (ranges_ == nullptr) {
        return files;
    }
    for (const catalog::SegmentInfo* const info : infos) {
        if (info->size_bytes == 0 || files.contains(info->key)) {
            continue;
        }
        {
            const base::MutexLock lock(mutex_);
            if (by_key_.contains(info->key)) {
                continue;
            }
        }
        const auto file = segment_file(bucket, *info, ranges_.get());
        if (file.ok()) {
            const std::uint64_t end = std::min((*file)->size(), segment::kTailReadBytes);
            (*file)->read_ahead({(*file)->size() - end, end});
            files[info->key] = *file;
        }
    }
    return files;
}

StatusOr<std::shared_ptr<const segment::Source>> SegmentCache::open(
    bucket::Bucket& bucket, const catalog::SegmentInfo& info, const Files& ahead) {
    {
        const base::MutexLock lock(mutex_);
        const auto it = by_key_.find(info.key);
        if (it != by_key_.end()) {
            items_.splice(items_.begin(), items_, it->second);
            return it->second->source;
        }
    }
    std::shared_ptr<const segment::SegmentFile> file;
    if (const auto it = ahead.find(info.key); it != ahead.end()) {
        file = it->second;
    } else {
        LOGI_ASSIGN_OR_RETURN(file, segment_file(bucket, info, ranges_.get()));
    }
    LOGI_ASSIGN_OR_RETURN(const std::shared_ptr<const segment::SegmentReader> source,
                          segment::SegmentReader::open(std::move(file), info.key, pages_));
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
