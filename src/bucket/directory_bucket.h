// A bucket that is a local directory.
//
// An object is written to a temporary file, synced, and linked (put_if_absent) or renamed (put) to
// its name; then the folder is synced. The loser of a put_if_absent syncs the folder as well, so
// that what it reads is durable. After a failed folder sync the directory's state on disk is
// unknown: every further write is refused until the program is started again.
#pragma once

#include "base/mutex.h"
#include "bucket/bucket.h"
#include "io/file_system.h"
#include "io/random.h"

#include <atomic>
#include <memory>
#include <set>
#include <string>

namespace logi::bucket {

class DirectoryBucket final : public Bucket {
  public:
    // Makes the folder, removes temporary files of earlier runs, and proves that put_if_absent has
    // one winner here. The file system and random must outlive the bucket.
    static StatusOr<std::unique_ptr<Bucket>> open(io::FileSystem& files,
                                                  io::Random& random,
                                                  const std::string& root);

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
    DirectoryBucket(io::FileSystem& files, io::Random& random, std::string root)
        : files_(files), random_(random), root_(std::move(root)) {}
    Status prepare();
    Status probe();
    StatusOr<std::string> write_temporary(std::string_view data);
    Status make_folder_of(const std::string& path);
    Status sync_folder_of(const std::string& path);
    Status list_into(const std::string& prefix, std::vector<ObjectInfo>& found);

    io::FileSystem& files_;
    io::Random& random_;
    const std::string root_;
    std::atomic<bool> writes_stopped_{false};
    base::Mutex mutex_;
    std::set<std::string> folders_made_ LOGI_GUARDED_BY(mutex_);
};

}  // namespace logi::bucket
