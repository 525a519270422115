#include "bucket/memory_bucket.h"

#include "absl/strings/str_cat.h"

#include <set>

namespace logi::bucket {

Status MemoryBucket::put(const std::string& key, std::string_view data) {
    const base::MutexLock lock(mutex_);
    objects_[key] = std::string(data);
    return absl::OkStatus();
}

Status MemoryBucket::put_if_absent(const std::string& key, std::string_view data) {
    const base::MutexLock lock(mutex_);
    return objects_.try_emplace(key, data).second ? absl::OkStatus()
                                                  : absl::AlreadyExistsError(key);
}

StatusOr<std::string> MemoryBucket::get(const std::string& key) {
    const base::MutexLock lock(mutex_);
    const auto it = objects_.find(key);
    if (it == objects_.end()) {
        return absl::NotFoundError(key);
    }
    return it->second;
}

StatusOr<std::string> MemoryBucket::get_range(const std::string& key,
                                              std::uint64_t offset,
                                              std::uint64_t length) {
    const base::MutexLock lock(mutex_);
    const auto it = objects_.find(key);
    if (it == objects_.end()) {
        return absl::NotFoundError(key);
    }
    const std::string& bytes = it->second;
    if (offset > bytes.size() || length > bytes.size() - offset) {
        return absl::DataLossError(absl::StrCat(key, " is shorter than ", offset + length));
    }
    return bytes.substr(offset, length);
}

StatusOr<std::uint64_t> MemoryBucket::size(const std::string& key) {
    const base::MutexLock lock(mutex_);
    const auto it = objects_.find(key);
    if (it == objects_.end()) {
        return absl::NotFoundError(key);
    }
    return it->second.size();
}

StatusOr<std::vector<ObjectInfo>> MemoryBucket::list(const std::string& prefix) {
    const base::MutexLock lock(mutex_);
    const std::string folder = prefix + "/";
    std::vector<ObjectInfo> found;
    for (auto it = objects_.lower_bound(folder);
         it != objects_.end() && it->first.starts_with(folder);
         ++it) {
        found.push_back({it->first, it->second.size()});
    }
    return found;
}

StatusOr<std::vector<std::string>> MemoryBucket::list_folders(const std::string& prefix) {
    LOGI_ASSIGN_OR_RETURN(const auto objects, list(prefix));
    std::set<std::string> folders;
    for (const auto& object : objects) {
        const std::size_t begin = prefix.size() + 1;
        const std::size_t slash = object.key.find('/', begin);
        if (slash != std::string::npos) {
            folders.insert(object.key.substr(begin, slash - begin));
        }
    }
    return std::vector<std::string>(folders.begin(), folders.end());
}

Status MemoryBucket::remove(const std::string& key) {
    const base::MutexLock lock(mutex_);
    return objects_.erase(key) > 0 ? absl::OkStatus() : absl::NotFoundError(key);
}

}  // namespace logi::bucket
