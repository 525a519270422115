#include "bucket/directory_bucket.h"

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/log.h"

namespace logi::bucket {
namespace {

constexpr const char* kTemporaryFolder = "tmp";
constexpr const char* kProbeKey = "probe/object";

std::string folder_of(const std::string& path) {
    return path.substr(0, path.rfind('/'));
}

}  // namespace

StatusOr<std::unique_ptr<Bucket>> DirectoryBucket::open(io::FileSystem& files,
                                                        io::Random& random,
                                                        const std::string& root) {
    auto bucket = absl::WrapUnique(new DirectoryBucket(files, random, root));
    LOGI_RETURN_IF_ERROR(bucket->prepare());
    LOGI_RETURN_IF_ERROR(bucket->probe());
    return bucket;
}

Status DirectoryBucket::prepare() {
    const std::string temporary = absl::StrCat(root_, "/", kTemporaryFolder);
    LOGI_RETURN_IF_ERROR(files_.make_dirs(temporary));
    LOGI_ASSIGN_OR_RETURN(const auto names, files_.list(temporary));
    for (const auto& name : names) {
        LOGI_RETURN_IF_ERROR(files_.remove(absl::StrCat(temporary, "/", name)));
    }
    return absl::OkStatus();
}

Status DirectoryBucket::probe() {
    if (const Status s = remove(kProbeKey); !s.ok() && s.code() != absl::StatusCode::kNotFound) {
        return s;
    }
    LOGI_RETURN_IF_ERROR(put_if_absent(kProbeKey, "first"));
    const Status second = put_if_absent(kProbeKey, "second");
    LOGI_ASSIGN_OR_RETURN(const std::string found, get(kProbeKey));
    if (second.code() != absl::StatusCode::kAlreadyExists || found != "first") {
        return absl::FailedPreconditionError(
            absl::StrCat(root_, ": this file system cannot link a file only if the name is free"));
    }
    return remove(kProbeKey);
}

StatusOr<std::string> DirectoryBucket::write_temporary(std::string_view data) {
    if (writes_stopped_) {
        return absl::UnavailableError(absl::StrCat(
            root_, ": a folder could not be synced; nothing more is written until a restart"));
    }
    const std::string path = absl::StrCat(
        root_, "/", kTemporaryFolder, "/", absl::StrFormat("%016x", random_.next_u64()));
    LOGI_ASSIGN_OR_RETURN(const auto file, files_.create(path));
    Status status = file->append(data);
    if (status.ok()) {
        status = file->sync();
    }
    if (!status.ok()) {
        files_.remove(path).IgnoreError();  // swept at the next open otherwise
        return status;
    }
    return path;
}

Status DirectoryBucket::make_folder_of(const std::string& path) {
    const std::string folder = folder_of(path);
    {
        const base::MutexLock lock(mutex_);
        if (folders_made_.contains(folder)) {
            return absl::OkStatus();
        }
    }
    LOGI_RETURN_IF_ERROR(files_.make_dirs(folder));
    const base::MutexLock lock(mutex_);
    folders_made_.insert(folder);
    return absl::OkStatus();
}

Status DirectoryBucket::sync_folder_of(const std::string& path) {
    const Status status = files_.sync_dir(folder_of(path));
    if (!status.ok()) {
        writes_stopped_ = true;
        base::log_error("folder sync failed; writes stop until a restart",
                        {{"error", std::string(status.message())}});
    }
    return status;
}

Status DirectoryBucket::put(const std::string& key, std::string_view data) {
    const std::string path = absl::StrCat(root_, "/", key);
    LOGI_RETURN_IF_ERROR(make_folder_of(path));
    LOGI_ASSIGN_OR_RETURN(const std::string temporary, write_temporary(data));
    if (const Status s = files_.rename(temporary, path); !s.ok()) {
        files_.remove(temporary).IgnoreError();
        return s;
    }
    return sync_folder_of(path);
}

Status DirectoryBucket::put_if_absent(const std::string& key, std::string_view data) {
    const std::string path = absl::StrCat(root_, "/", key);
    LOGI_RETURN_IF_ERROR(make_folder_of(path));
    LOGI_ASSIGN_OR_RETURN(const std::string temporary, write_temporary(data));
    const Status linked = files_.link(temporary, path);
    files_.remove(temporary).IgnoreError();
    if (!linked.ok() && linked.code() != absl::StatusCode::kAlreadyExists) {
        return linked;
    }
    LOGI_RETURN_IF_ERROR(sync_folder_of(path));
    return linked;
}

StatusOr<std::string> DirectoryBucket::get(const std::string& key) {
    LOGI_ASSIGN_OR_RETURN(const auto file, files_.open(absl::StrCat(root_, "/", key)));
    return file->read(0, file->size());
}

StatusOr<std::string> DirectoryBucket::get_range(const std::string& key,
                                                 std::uint64_t offset,
                                                 std::uint64_t length) {
    LOGI_ASSIGN_OR_RETURN(const auto file, files_.open(absl::StrCat(root_, "/", key)));
    return file->read(offset, length);
}

StatusOr<std::uint64_t> DirectoryBucket::size(const std::string& key) {
    LOGI_ASSIGN_OR_RETURN(const auto file, files_.open(absl::StrCat(root_, "/", key)));
    return file->size();
}

Status DirectoryBucket::list_into(const std::string& prefix, std::vector<ObjectInfo>& found) {
    const auto names = files_.list(absl::StrCat(root_, "/", prefix));
    if (names.status().code() == absl::StatusCode::kNotFound) {
        return absl::OkStatus();
    }
    LOGI_RETURN_IF_ERROR(names.status());
    for (const auto& name : *names) {
        const std::string key = absl::StrCat(prefix, "/", name);
        LOGI_ASSIGN_OR_RETURN(const bool folder, files_.is_dir(absl::StrCat(root_, "/", key)));
        if (folder) {
            LOGI_RETURN_IF_ERROR(list_into(key, found));
        } else {
            LOGI_ASSIGN_OR_RETURN(const std::uint64_t bytes, size(key));
            found.push_back({key, bytes});
        }
    }
    return absl::OkStatus();
}

StatusOr<std::vector<ObjectInfo>> DirectoryBucket::list(const std::string& prefix) {
    std::vector<ObjectInfo> found;
    LOGI_RETURN_IF_ERROR(list_into(prefix, found));
    std::sort(found.begin(), found.end(), [](const ObjectInfo& a, const ObjectInfo& b) {
        return a.key < b.key;
    });
    return found;
}

StatusOr<std::vector<std::string>> DirectoryBucket::list_folders(const std::string& prefix) {
    const std::string folder = absl::StrCat(root_, "/", prefix);
    auto names = files_.list(folder);
    if (names.status().code() == absl::StatusCode::kNotFound) {
        return std::vector<std::string>{};
    }
    LOGI_RETURN_IF_ERROR(names.status());
    std::vector<std::string> folders;
    for (auto& name : *names) {
        LOGI_ASSIGN_OR_RETURN(const bool is_folder, files_.is_dir(absl::StrCat(folder, "/", name)));
        if (is_folder) {
            folders.push_back(std::move(name));
        }
    }
    return folders;
}

Status DirectoryBucket::remove(const std::string& key) {
    const std::string path = absl::StrCat(root_, "/", key);
    LOGI_RETURN_IF_ERROR(files_.remove(path));
    return sync_folder_of(path);
}

}  // namespace logi::bucket
