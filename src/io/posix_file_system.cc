#include "absl/strings/str_cat.h"
#include "io/file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace logi::io {
namespace {

Status io_error(std::string_view what, const std::string& path, int error) {
    const std::string text =
        absl::StrCat(absl::string_view(what.data(), what.size()),
                     " ",
                     path,
                     ": ",
                     error == ENOSPC || error == EDQUOT ? "no space left on device"
                                                        : std::generic_category().message(error));
    switch (error) {
        case ENOENT:
            return absl::NotFoundError(text);
        case EEXIST:
            return absl::AlreadyExistsError(text);
        default:
            return absl::UnavailableError(text);
    }
}

class Fd {
  public:
    explicit Fd(int fd) : fd_(fd) {}
    ~Fd() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }
    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;
    [[nodiscard]] int get() const { return fd_; }

  private:
    int fd_;
};

constexpr std::size_t kPartsPerWrite = 64;  // the kernel takes at most 1024

class PosixWritableFile final : public WritableFile {
  public:
    PosixWritableFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}

    using WritableFile::append;
    Status append(absl::Span<const std::string_view> parts) override {
        std::size_t next = 0;
        std::size_t written = 0;  // of the next part
        while (next < parts.size()) {
            std::array<iovec, kPartsPerWrite> list{};
            std::size_t count = 0;
            for (; count < list.size() && next + count < parts.size(); ++count) {
                const std::string_view part = parts[next + count].substr(count == 0 ? written : 0);
                list[count] = {const_cast<char*>(part.data()), part.size()};
            }
            const ssize_t n = ::writev(fd_.get(), list.data(), static_cast<int>(count));
            if (n < 0 && errno == EINTR) {
                continue;
            }
            if (n < 0) {
                return io_error("write", path_, errno);
            }
            written += static_cast<std::size_t>(n);
            const std::size_t before = next;
            while (next < parts.size() && written >= parts[next].size()) {
                written -= parts[next++].size();
            }
            if (n == 0 && next == before) {
                return io_error("write", path_, EIO);
            }
        }
        return absl::OkStatus();
    }

    Status sync() override {
        return ::fdatasync(fd_.get()) == 0 ? absl::OkStatus() : io_error("sync", path_, errno);
    }

  private:
    Fd fd_;
    std::string path_;
};

class PosixReadableFile final : public ReadableFile {
  public:
    PosixReadableFile(int fd, std::string path, std::uint64_t size)
        : fd_(fd), path_(std::move(path)), size_(size) {}

    [[nodiscard]] std::uint64_t size() const override { return size_; }

    Status read_into(std::uint64_t offset, absl::Span<char> out) const override {
        LOGI_RETURN_IF_ERROR(check_range(offset, out.size()));
        std::size_t done = 0;
        while (done < out.size()) {
            const ssize_t n = ::pread(
                fd_.get(), out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
            if (n < 0 && errno == EINTR) {
                continue;
            }
            if (n < 0) {
                return io_error("read", path_, errno);
            }
            if (n == 0) {
                return absl::DataLossError(absl::StrCat(path_, " ends at offset ", offset + done));
            }
            done += static_cast<std::size_t>(n);
        }
        return absl::OkStatus();
    }

  protected:
    [[nodiscard]] const std::string& path() const override { return path_; }

  private:
    Fd fd_;
    std::string path_;
    std::uint64_t size_;
};

class PosixFileLock final : public FileLock {
  public:
    explicit PosixFileLock(int fd) : fd_(fd) {}

  private:
    Fd fd_;  // closing it releases the lock
};

class PosixFileSystem final : public FileSystem {
  public:
    StatusOr<std::unique_ptr<WritableFile>> create(const std::string& path) override {
        const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
        if (fd < 0) {
            return io_error("create", path, errno);
        }
        return std::make_unique<PosixWritableFile>(fd, path);
    }

    StatusOr<std::shared_ptr<const ReadableFile>> open(const std::string& path) override {
        const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
        if (fd < 0) {
            return io_error("open", path, errno);
        }
        struct stat info {};
        if (::fstat(fd, &info) != 0) {
            const int error = errno;
            ::close(fd);
            return io_error("stat", path, error);
        }
        return std::make_shared<PosixReadableFile>(
            fd, path, static_cast<std::uint64_t>(info.st_size));
    }

    Status link(const std::string& from, const std::string& to) override {
        return ::link(from.c_str(), to.c_str()) == 0 ? absl::OkStatus()
                                                     : io_error("link", to, errno);
    }
    Status rename(const std::string& from, const std::string& to) override {
        return ::rename(from.c_str(), to.c_str()) == 0 ? absl::OkStatus()
                                                       : io_error("rename", from, errno);
    }
    Status remove(const std::string& path) override {
        return ::unlink(path.c_str()) == 0 ? absl::OkStatus() : io_error("remove", path, errno);
    }

    StatusOr<std::vector<std::string>> list(const std::string& dir) override {
        DIR* handle = ::opendir(dir.c_str());
        if (handle == nullptr) {
            return io_error("list", dir, errno);
        }
        std::vector<std::string> names;
        errno = 0;
        while (const dirent* entry =
                   ::readdir(handle)) {  // NOLINT(concurrency-mt-unsafe): own handle
            const std::string_view name = entry->d_name;
            if (name != "." && name != "..") {
                names.emplace_back(name);
            }
        }
        const int error = errno;
        ::closedir(handle);
        if (error != 0) {
            return io_error("list", dir, error);
        }
        std::sort(names.begin(), names.end());
        return names;
    }

    StatusOr<bool> is_dir(const std::string& path) override {
        struct stat info {};
        if (::stat(path.c_str(), &info) != 0) {
            return io_error("stat", path, errno);
        }
        return S_ISDIR(info.st_mode);
    }

    Status make_dirs(const std::string& dir) override {
        for (std::size_t end = dir.find('/', 1); true; end = dir.find('/', end + 1)) {
            const std::string part = dir.substr(0, end);
            if (::mkdir(part.c_str(), 0750) == 0) {
                const std::size_t slash = part.rfind('/');
                const std::string parent = slash == std::string::npos ? "."
                                           : slash == 0               ? "/"
                                                                      : part.substr(0, slash);
                LOGI_RETURN_IF_ERROR(sync_dir(parent));
            } else if (errno != EEXIST) {
                return io_error("make folder", part, errno);
            }
            if (end == std::string::npos) {
                return absl::OkStatus();
            }
        }
    }

    Status sync_dir(const std::string& dir) override {
        const Fd fd(::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (fd.get() < 0 || ::fsync(fd.get()) != 0) {
            return io_error("sync folder", dir, errno);
        }
        return absl::OkStatus();
    }

    StatusOr<std::unique_ptr<FileLock>> lock(const std::string& path) override {
        const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
        if (fd < 0) {
            return io_error("open", path, errno);
        }
        auto held = std::make_unique<PosixFileLock>(fd);
        if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
            return absl::FailedPreconditionError(
                absl::StrCat(path, " is locked: another process uses this folder"));
        }
        return held;
    }
};

}  // namespace

std::unique_ptr<FileSystem> make_posix_file_system() {
    return std::make_unique<PosixFileSystem>();
}

}  // namespace logi::io
