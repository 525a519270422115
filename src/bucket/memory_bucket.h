// A bucket in memory, for tests.
#pragma once

#include "base/mutex.h"
#include "bucket/bucket.h"

#include <map>
#include <string>

namespace logi::bucket {

class MemoryBucket final : public Bucket {
  public:
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
    base::Mutex mutex_;
    std::map<std::string, std::string> objects_ LOGI_GUARDED_BY(mutex_);
};

}  // namespace logi::bucket
