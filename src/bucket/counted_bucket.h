// A bucket whose requests are counted and measured: each is one that an object store charges for.
#pragma once

#include "base/metrics.h"
#include "bucket/bucket.h"
#include "io/clock.h"

#include <memory>
#include <string>

namespace logi::bucket {

// The metrics logi_bucket_reads_total and logi_bucket_read_bytes_total, by operation: "get" of
// whole objects, "get_range" of parts, "size" and "list", which have no bytes. And by Loki's names,
// with Loki's words for operations, loki_objstore_bucket_operation_duration_seconds and, of what
// went wrong, loki_objstore_bucket_operation_failures_total.
class CountedBucket final : public Bucket {
  public:
    CountedBucket(std::unique_ptr<Bucket> bucket, const io::Clock& clock, base::Registry& metrics);

    Status put(const std::string& key, std::string_view data) override;
    Status put_if_absent(const std::string& key, std::string_view data) override;
    StatusOr<std::string> get(const std::string& key) override;
    StatusOr<std::string> get_range(const std::string& key,
                                    std::uint64_t offset,
                                    std::uint64_t length) override;
    StatusOr<std::uint64_t> size(const std::string& key) override;
    StatusOr<std::vector<ObjectInfo>> list(const std::string& prefix) override;
    StatusOr<std::vector<std::string>> list_folders(const std::string& prefix) override;
    Status remove(const std::string& key) override;

  private:
    struct Operation {
        base::Histogram seconds;
        base::Counter failures;
    };
    static Operation operation(base::Registry& metrics, const std::string& name);
    // What `request` answers, once it is measured.
    template <typename Request>
    auto measured(const Operation& operation, Request request);

    const std::unique_ptr<Bucket> bucket_;
    const io::Clock& clock_;
    const base::Counter gets_;
    const base::Counter get_bytes_;
    const base::Counter ranges_;
    const base::Counter range_bytes_;
    const base::Counter sizes_;
    const base::Counter lists_;
    const Operation upload_;
    const Operation get_;
    const Operation get_range_;
    const Operation attributes_;
    const Operation iter_;
    const Operation delete_;
};

}  // namespace logi::bucket
