// A bucket whose reads are counted: each of them is a request that an object store charges for.
#pragma once

#include "base/metrics.h"
#include "bucket/bucket.h"

#include <memory>
#include <string>

namespace logi::bucket {

// The metrics logi_bucket_reads_total and logi_bucket_read_bytes_total, by operation: "get" of
// whole objects, "get_range" of parts, "size" and "list", which have no bytes.
class CountedBucket final : public Bucket {
  public:
    CountedBucket(std::unique_ptr<Bucket> bucket, base::Registry& metrics);

    Status put(const std::string& key, std::string_view data) override {
        return bucket_->put(key, data);
    }
    Status put_if_absent(const std::string& key, std::string_view data) override {
        return bucket_->put_if_absent(key, data);
    }
    StatusOr<std::string> get(const std::string& key) override;
    StatusOr<std::string> get_range(const std::string& key,
                                    std::uint64_t offset,
                                    std::uint64_t length) override;
    StatusOr<std::uint64_t> size(const std::string& key) override;
    StatusOr<std::vector<ObjectInfo>> list(const std::string& prefix) override;
    StatusOr<std::vector<std::string>> list_folders(const std::string& prefix) override;
    Status remove(const std::string& key) override { return bucket_->remove(key); }

  private:
    const std::unique_ptr<Bucket> bucket_;
    const base::Counter gets_;
    const base::Counter get_bytes_;
    const base::Counter ranges_;
    const base::Counter range_bytes_;
    const base::Counter sizes_;
    const base::Counter lists_;
};

}  // namespace logi::bucket
