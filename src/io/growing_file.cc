#include "io/growing_file.h"

#include "absl/strings/str_cat.h"
#include "base/time.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace logi::io {
namespace {

Status file_error(const char* what, const std::string& path, int error) {
    const std::string text =
        absl::StrCat(what, " ", path, ": ", std::generic_category().message(error));
    return error == ENOENT || error == ENOTDIR ? absl::NotFoundError(text)
                                               : absl::UnavailableError(text);
}

FileInfo info_of(const struct stat& s) {
    return {.identity = {s.st_dev, s.st_ino},
            .bytes = static_cast<std::uint64_t>(s.st_size),
            .regular = S_ISREG(s.st_mode),
            .directory = S_ISDIR(s.st_mode),
            .names = s.st_nlink,
            .changed_ns = s.st_mtim.tv_sec * kNanosPerSecond + s.st_mtim.tv_nsec};
}

}  // namespace

StatusOr<FileInfo> file_info(const std::string& path) {
    struct stat s {};
    if (::stat(path.c_str(), &s) != 0) {
        return file_error("look at", path, errno);
    }
    return info_of(s);
}

StatusOr<std::unique_ptr<GrowingFile>> GrowingFile::open(const std::string& path) {
    // Not blocking: a pipe would wait for its writer.
    const int fd = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        return file_error("open", path, errno);
    }
    auto file = std::unique_ptr<GrowingFile>(new GrowingFile(fd, {}, path));
    LOGI_ASSIGN_OR_RETURN(const FileInfo info, file->info());
    if (!info.regular) {
        return absl::InvalidArgumentError(path + " is no regular file");
    }
    file->identity_ = info.identity;
    return file;
}

GrowingFile::~GrowingFile() {
    ::close(fd_);
}

StatusOr<FileInfo> GrowingFile::info() const {
    struct stat s {};
    if (::fstat(fd_, &s) != 0) {
        return file_error("look at", path_, errno);
    }
    return info_of(s);
}

StatusOr<std::size_t> GrowingFile::read(std::uint64_t offset, absl::Span<char> out) const {
    std::size_t done = 0;
    while (done < out.size()) {
        const ssize_t n =
            ::pread(fd_, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return file_error("read", path_, errno);
        }
        if (n == 0) {
            break;
        }
        done += static_cast<std::size_t>(n);
    }
    return done;
}

}  // namespace logi::io
