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

const std::vector<double> kSecondsBuckets = {
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};

const Status& status_of(const Status& status) {
    return status;
}
template <typename T>
const Status& status_of(const StatusOr<T>& result) {
    return result.status();
}

// What a bucket may answer when nothing is wrong with it.
bool failed(const Status& status) {
    return !status.ok() && !absl::IsNotFound(status) && !absl::IsAlreadyExists(status);
}

}  // namespace

CountedBucket::CountedBucket(std::unique_ptr<Bucket> bucket,
                             const io::Clock& clock,
                             base::Registry& metrics)
    : bucket_(std::move(bucket)),
      clock_(clock),
      gets_(reads(metrics, "get")),
      get_bytes_(read_bytes(metrics, "get")),
      ranges_(reads(metrics, "get_range")),
      range_bytes_(read_bytes(metrics, "get_range")),
      sizes_(reads(metrics, "size")),
      lists_(reads(metrics, "list")),
      upload_(operation(metrics, "upload")),
      get_(operation(metrics, "get")),
      get_range_(operation(metrics, "get_range")),
      attributes_(operation(metrics, "attributes")),
      iter_(operation(metrics, "iter")),
      delete_(operation(metrics, "delete")) {}

CountedBucket::Operation CountedBucket::operation(base::Registry& metrics,
                                                  const std::string& name) {
    return {metrics.histogram("loki_objstore_bucket_operation_duration_seconds",
                              "Time of requests to the bucket, by operation.",
                              kSecondsBuckets,
                              {{"operation", name}}),
            metrics.counter("loki_objstore_bucket_operation_failures_total",
                            "Requests to the bucket that failed, by operation.",
                            {{"operation", name}})};
}

template <typename Request>
auto CountedBucket::measured(const Operation& operation, Request request) {
    const Timestamp begin = clock_.now();
    auto result = request();
    operation.seconds.observe(static_cast<double>((clock_.now() - begin).ns) / 1e9);
    if (failed(status_of(result))) {
        operation.failures.add();
    }
    return result;
}

Status CountedBucket::put(const std::string& key, std::string_view data) {
    return measured(upload_, [&] { return bucket_->put(key, data); });
}

Status CountedBucket::put_if_absent(const std::string& key, std::string_view data) {
    return measured(upload_, [&] { return bucket_->put_if_absent(key, data); });
}

StatusOr<std::string> CountedBucket::get(const std::string& key) {
    gets_.add();
    auto data = measured(get_, [&] { return bucket_->get(key); });
    if (data.ok()) {
        get_bytes_.add(static_cast<double>(data->size()));
    }
    return data;
}

StatusOr<std::string> CountedBucket::get_range(const std::string& key,
                                               std::uint64_t offset,
                                               std::uint64_t length) {
    ranges_.add();
    auto data = measured(get_range_, [&] { return bucket_->get_range(key, offset, length); });
    if (data.ok()) {
        range_bytes_.add(static_cast<double>(data->size()));
    }
    return data;
}

StatusOr<std::uint64_t> CountedBucket::size(const std::string& key) {
    sizes_.add();
    return measured(attributes_, [&] { return bucket_->size(key); });
}

StatusOr<std::vector<ObjectInfo>> CountedBucket::list(const std::string& prefix) {
    lists_.add();
    return measured(iter_, [&] { return bucket_->list(prefix); });
}

StatusOr<std::vector<std::string>> CountedBucket::list_folders(const std::string& prefix) {
    lists_.add();
    return measured(iter_, [&] { return bucket_->list_folders(prefix); });
}

Status CountedBucket::remove(const std::string& key) {
    return measured(delete_, [&] { return bucket_->remove(key); });
}

}  // namespace logi::bucket
