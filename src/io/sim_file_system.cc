#include "io/sim_file_system.h"

#include "absl/strings/str_cat.h"

namespace logi::io {
namespace {

std::string parent_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string::npos ? "." : path.substr(0, slash);
}

Status crashed_error() {
    return absl::UnavailableError("the machine has crashed");
}

class SimReadableFile final : public ReadableFile {
  public:
    SimReadableFile(std::string path, std::string bytes)
        : path_(std::move(path)), bytes_(std::move(bytes)) {}
    [[nodiscard]] std::uint64_t size() const override { return bytes_.size(); }
    Status read_into(std::uint64_t offset, absl::Span<char> out) const override {
        LOGI_RETURN_IF_ERROR(check_range(offset, out.size()));
        bytes_.copy(out.data(), out.size(), offset);
        return absl::OkStatus();
    }

  protected:
    [[nodiscard]] const std::string& path() const override { return path_; }

  private:
    std::string path_;
    std::string bytes_;
};

}  // namespace

class SimWritableFile final : public WritableFile {
  public:
    SimWritableFile(SimFileSystem& fs,
                    std::shared_ptr<SimFileSystem::Inode> inode,
                    std::string path)
        : fs_(fs), inode_(std::move(inode)), path_(std::move(path)), epoch_(fs.epoch_) {}
    using WritableFile::append;
    Status append(absl::Span<const std::string_view> parts) override {
        std::string data;
        for (const std::string_view part : parts) {
            data.append(part);
        }
        return epoch_ == fs_.epoch_ ? fs_.append(*inode_, path_, data) : crashed_error();
    }
    Status sync() override {
        return epoch_ == fs_.epoch_ ? fs_.sync(*inode_, path_) : crashed_error();
    }

  private:
    SimFileSystem& fs_;
    std::shared_ptr<SimFileSystem::Inode> inode_;
    std::string path_;
    std::uint64_t epoch_;
};

bool SimFileSystem::chance(double probability) {
    return probability > 0 &&
           static_cast<double>(random_.below(1'000'000)) < probability * 1'000'000;
}

bool SimFileSystem::forbidden(const std::string& path) const {
    return !faults_.forbidden_name.empty() &&
           path.find(faults_.forbidden_name) != std::string::npos;
}

Status SimFileSystem::begin_operation(bool& half) {
    half = false;
    if (crashed_) {
        return crashed_error();
    }
    if (++operations_ >= crash_at_) {
        crashed_ = true;
        half = chance(0.5);
        if (!half) {
            return crashed_error();
        }
    }
    return absl::OkStatus();
}

Status SimFileSystem::append(Inode& inode, const std::string& path, std::string_view data) {
    bool half = false;
    LOGI_RETURN_IF_ERROR(begin_operation(half));
    if (chance(faults_.write_error)) {
        return absl::UnavailableError(absl::StrCat("write ", path, ": simulated error"));
    }
    const bool full = written_ + data.size() > faults_.disk_full_after_bytes;
    if (half || full || chance(faults_.short_write)) {
        const auto kept = static_cast<std::size_t>(random_.below(data.size() + 1));
        inode.bytes.append(data.substr(0, kept));
        return half ? crashed_error()
                    : absl::UnavailableError(absl::StrCat(
                          "write ", path, full ? ": no space left on device" : ": short write"));
    }
    inode.bytes.append(data);
    written_ += data.size();
    return absl::OkStatus();
}

Status SimFileSystem::sync(Inode& inode, const std::string& path) {
    bool half = false;
    LOGI_RETURN_IF_ERROR(begin_operation(half));
    if (chance(faults_.sync_error)) {
        inode.lost_from = std::min(inode.lost_from, inode.synced);
        return absl::UnavailableError(absl::StrCat("sync ", path, ": simulated error"));
    }
    inode.synced = inode.bytes.size();
    return half ? crashed_error() : absl::OkStatus();
}

void SimFileSystem::restart() {
    crashed_ = false;
    crash_at_ = UINT64_MAX;
    locks_.clear();
    ++epoch_;
}

void SimFileSystem::crash() {
    // Names that were not synced survive or not, one by one.
    std::set<std::string> all;
    for (const auto& [path, inode] : names_) {
        all.insert(path);
    }
    for (const auto& [path, inode] : stable_) {
        all.insert(path);
    }
    Names after;
    for (const auto& path : all) {
        const auto now = names_.find(path);
        const auto before = stable_.find(path);
        const bool same =
            now != names_.end() && before != stable_.end() && now->second == before->second;
        const bool take_new = same || chance(0.5);
        if (take_new && now != names_.end()) {
            after[path] = now->second;
        } else if (!take_new && before != stable_.end()) {
            after[path] = before->second;
        }
    }
    std::set<Inode*> seen;
    for (const auto& [path, inode] : after) {
        if (!seen.insert(inode.get()).second) {
            continue;
        }
        const std::size_t safe = std::min(inode->synced, inode->lost_from);
        if (inode->lost_from != SIZE_MAX) {
            inode->bytes.resize(safe);
        } else if (inode->bytes.size() > safe) {
            inode->bytes.resize(
                safe + static_cast<std::size_t>(random_.below(inode->bytes.size() - safe + 1)));
            // A torn tail: some of what got out is rubbish.
            if (inode->bytes.size() > safe && chance(0.5)) {
                const std::size_t at =
                    safe + static_cast<std::size_t>(random_.below(inode->bytes.size() - safe));
                inode->bytes[at] = static_cast<char>(inode->bytes[at] ^ 0x55);
            }
        }
        inode->synced = inode->bytes.size();
        inode->lost_from = SIZE_MAX;
    }
    names_ = after;
    stable_ = after;
    restart();
}

StatusOr<std::unique_ptr<WritableFile>> SimFileSystem::create(const std::string& path) {
    bool half = false;
    LOGI_RETURN_IF_ERROR(begin_operation(half));
    if (!dirs_.contains(parent_of(path))) {
        return absl::NotFoundError(absl::StrCat("create ", path, ": no such folder"));
    }
    if (names_.contains(path)) {
        return absl::AlreadyExistsError(absl::StrCat("create ", path, ": exists"));
    }
    auto inode = std::make_shared<Inode>();
    names_[path] = inode;
    if (half) {
        return crashed_error();
    }
    return std::make_unique<SimWritableFile>(*this, inode, path);
}

StatusOr<std::shared_ptr<const ReadableFile>> SimFileSystem::open(const std::string& path) {
    if (crashed_) {
        return crashed_error();
    }
    const auto it = names_.find(path);
    if (it == names_.end()) {
        return absl::NotFoundError(absl::StrCat("open ", path, ": no such file"));
    }
    return std::make_shared<SimReadableFile>(path, it->second->bytes);
}

Status SimFileSystem::link(const std::string& from, const std::string& to) {
    bool half = false;
    LOGI_RETURN_IF_ERROR(begin_operation(half));
    const auto it = names_.find(from);
    if (it == names_.end()) {
        return absl::NotFoundError(absl::StrCat("link ", from, ": no such file"));
    }
    if (names_.contains(to)) {
        return absl::AlreadyExistsError(absl::StrCat("link ", to, ": exists"));
    }
    const bool fails = chance(faults_.link_error) || forbidden(to);
    // A failed link may have happened all the same.
    if (!fails || (!forbidden(to) && chance(0.5))) {
        names_[to] = it->second;
    }
    if (half) {
        return crashed_error();
    }
    return fails ? absl::UnavailableError(absl::StrCat("link ", to, ": simulated error"))
                 : absl::OkStatus();
}

Status SimFileSystem::rename(const std::string& from, const std::string& to) {
    bool half = false;
    LOGI_RETURN_IF_ERROR(begin_operation(half));
    const auto it = names_.find(from);
    if (it == names_.end()) {
        return absl::NotFoundError(absl::StrCat("rename ", from, ": no such file"));
    }
    if (chance(faults_.link_error) || forbidden(to)) {
        return absl::UnavailableError(absl::StrCat("rename ", to, ": simulated error"));
    }
    names_[to] = it->second;
    names_.erase(from);
    return half ? crashed_error() : absl::OkStatus();
}

Status SimFileSystem::remove(const std::string& path) {
    bool half = false;
    LOGI_RETURN_IF_ERROR(begin_operation(half));
    if (chance(faults_.remove_error)) {
        return absl::UnavailableError(absl::StrCat("remove ", path, ": simulated error"));
    }
    if (names_.erase(path) == 0) {
        return absl::NotFoundError(absl::StrCat("remove ", path, ": no such file"));
    }
    return half ? crashed_error() : absl::OkStatus();
}

StatusOr<std::vector<std::string>> SimFileSystem::list(const std::string& dir) {
    if (crashed_) {
        return crashed_error();
    }
    if (!dirs_.contains(dir)) {
        return absl::NotFoundError(absl::StrCat("list ", dir, ": no such folder"));
    }
    std::set<std::string> found;
    const auto add = [&](const std::string& path) {
        if (path.size() > dir.size() + 1 && path.starts_with(dir + "/")) {
            found.insert(
                path.substr(dir.size() + 1, path.find('/', dir.size() + 1) - dir.size() - 1));
        }
    };
    for (const auto& [path, inode] : names_) {
        add(path);
    }
    for (const auto& path : dirs_) {
        add(path);
    }
    return std::vector<std::string>(found.begin(), found.end());
}

StatusOr<bool> SimFileSystem::is_dir(const std::string& path) {
    if (crashed_) {
        return crashed_error();
    }
    if (dirs_.contains(path)) {
        return true;
    }
    if (names_.contains(path)) {
        return false;
    }
    return absl::NotFoundError(absl::StrCat("stat ", path, ": no such file"));
}

Status SimFileSystem::make_dirs(const std::string& dir) {
    bool half = false;
    LOGI_RETURN_IF_ERROR(begin_operation(half));
    for (std::size_t end = dir.find('/', 1); true; end = dir.find('/', end + 1)) {
        dirs_.insert(dir.substr(0, end));
        if (end == std::string::npos) {
            break;
        }
    }
    return half ? crashed_error() : absl::OkStatus();
}

Status SimFileSystem::sync_dir(const std::string& dir) {
    bool half = false;
    LOGI_RETURN_IF_ERROR(begin_operation(half));
    if (chance(faults_.sync_error)) {
        return absl::UnavailableError(absl::StrCat("sync folder ", dir, ": simulated error"));
    }
    std::erase_if(stable_, [&](const auto& item) {
        return parent_of(item.first) == dir && !names_.contains(item.first);
    });
    for (const auto& [path, inode] : names_) {
        if (parent_of(path) == dir) {
            stable_[path] = inode;
        }
    }
    return half ? crashed_error() : absl::OkStatus();
}

StatusOr<std::unique_ptr<FileLock>> SimFileSystem::lock(const std::string& path) {
    if (crashed_) {
        return crashed_error();
    }
    if (!locks_.insert(path).second) {
        return absl::FailedPreconditionError(absl::StrCat(path, " is locked"));
    }
    return std::make_unique<FileLock>();
}

}  // namespace logi::io
