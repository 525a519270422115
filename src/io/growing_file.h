// Files that somebody else writes: read as they grow, whatever becomes of their names.
#pragma once

#include "absl/types/span.h"
#include "base/status.h"

#include <cstdint>
#include <memory>
#include <string>

namespace logi::io {

// Which file it is, whatever it is called. Numbers are given to other files once a file is gone.
struct FileIdentity {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    friend constexpr auto operator<=>(const FileIdentity&, const FileIdentity&) = default;
};

struct FileInfo {
    FileIdentity identity;
    std::uint64_t bytes = 0;
    bool regular = false;
    bool directory = false;
    std::uint64_t names = 0;      // 0: removed
    std::int64_t changed_ns = 0;  // since 1970, when bytes were written last
};

// Of what the path leads to, also over symbolic links. kNotFound, or kUnavailable.
StatusOr<FileInfo> file_info(const std::string& path);

// One task at a time.
class GrowingFile {
  public:
    // kNotFound; kInvalidArgument if it is no regular file; kUnavailable.
    static StatusOr<std::unique_ptr<GrowingFile>> open(const std::string& path);
    ~GrowingFile();
    GrowingFile(const GrowingFile&) = delete;
    GrowingFile& operator=(const GrowingFile&) = delete;

    [[nodiscard]] int fd() const { return fd_; }
    [[nodiscard]] const FileIdentity& identity() const { return identity_; }
    // As it is now.
    [[nodiscard]] StatusOr<FileInfo> info() const;
    // Fills `out` from `offset` on as far as there is something; returns how much.
    [[nodiscard]] StatusOr<std::size_t> read(std::uint64_t offset, absl::Span<char> out) const;

  private:
    GrowingFile(int fd, const FileIdentity& identity, std::string path)
        : fd_(fd), identity_(identity), path_(std::move(path)) {}
    int fd_;
    FileIdentity identity_;
    std::string path_;
};

}  // namespace logi::io
