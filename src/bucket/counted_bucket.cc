#include "bucket/counted_bucket.h"

namespace logi::bucket {
namespace {

base::Counter reads(base::Registry& metrics, const std::string& operation) {
    return metrics.counter("logi_bucket_reads_total",
                           "Reads of the bucket, by operation.",
                           {{"operation", operation}});
}

base::Counter read_bytes(base::Registry& metrics, const std::string& operation) {
    return metrics.counter("logi_bucket_read_bytes_total",
                           "Bytes of objects that were read, by operation.",
                           {{"operation", operation}});
}

}  // namespace

CountedBucket::CountedBucket(std::unique_ptr<Bucket> bucket, base::Registry& metrics)
    : bucket_(std::move(bucket)),
      gets_(reads(metrics, "get")),
      get_bytes_(read_bytes(metrics, "get")),
      ranges_(reads(metrics, "get_range")),
      range_bytes_(read_bytes(metrics, "get_range")),
      sizes_(reads(metrics, "size")),
      lists_(reads(metrics, "list")) {}

StatusOr<std::string> CountedBucket::get(const std::string& key) {
    gets_.add();
    auto data = bucket_->get(key);
    if (data.ok()) {
        get_bytes_.add(static_cast<double>(data->size()));
    }
    return data;
}

StatusOr<std::string> CountedBucket::get_range(const std::string& key,
                                               std::uint64_t offset,
                                               std::uint64_t length) {
    ranges_.add();
    auto data = bucket_->get_range(key, offset, length);
    if (data.ok()) {
        range_bytes_.add(static_cast<double>(data->size()));
    }
    return data;
}

StatusOr<std::uint64_t> CountedBucket::size(const std::string& key) {
    sizes_.add();
    return bucket_->size(key);
}

StatusOr<std::vector<ObjectInfo>> CountedBucket::list(const std::string& prefix) {
    lists_.add();
    return bucket_->list(prefix);
}

StatusOr<std::vector<std::string>> CountedBucket::list_folders(const std::string& prefix) {
    lists_.add();
    return bucket_->list_folders(prefix);
}

}  // namespace logi::bucket
