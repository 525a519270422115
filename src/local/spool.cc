#include "local/spool.h"

#include "absl/strings/str_cat.h"
#include "codec/compress.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

namespace logi::local {
namespace {

Status failed(const char* what) {
    return absl::UnavailableError(
        absl::StrCat("the temporary file cannot be ", what, ": ", std::strerror(errno)));
}

}  // namespace

StatusOr<std::unique_ptr<Spool>> Spool::open() {
    const char* const dir = std::getenv("TMPDIR");
    std::string path =
        absl::StrCat(dir == nullptr || *dir == '\0' ? "/tmp" : dir, "/logi-text-XXXXXX");
    const int fd = ::mkstemp(path.data());
    if (fd < 0) {
        return failed("made");
    }
    ::unlink(path.c_str());
    return std::unique_ptr<Spool>(new Spool(fd));
}

Spool::~Spool() {
    ::close(fd_);
}

StatusOr<Spool::Place> Spool::add(std::string_view text) {
    std::string stored;
    codec::append_zstd(text, stored);
    Place place{0, stored.size(), text.size()};
    {
        const base::MutexLock lock(mutex_);
        place.offset = end_;
        end_ += stored.size();
    }
    for (std::size_t done = 0; done < stored.size();) {
        const ssize_t n = ::pwrite(fd_,
                                   stored.data() + done,
                                   stored.size() - done,
                                   static_cast<off_t>(place.offset + done));
        if (n < 0 && errno != EINTR) {
            return failed("written");
        }
        done += n > 0 ? static_cast<std::size_t>(n) : 0;
    }
    return place;
}

StatusOr<base::Buffer> Spool::read(const Place& place) const {
    std::string stored(place.stored_bytes, '\0');
    for (std::size_t done = 0; done < stored.size();) {
        const ssize_t n = ::pread(fd_,
                                  stored.data() + done,
                                  stored.size() - done,
                                  static_cast<off_t>(place.offset + done));
        if (n == 0 || (n < 0 && errno != EINTR)) {
            return failed("read");
        }
        done += n > 0 ? static_cast<std::size_t>(n) : 0;
    }
    return codec::unpack_zstd(stored, place.bytes);
}

}  // namespace logi::local
