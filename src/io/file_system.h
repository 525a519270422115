// Files as the store uses them. Three implementations: the real one, one in memory that forgets at
// a crash whatever was not synced, and a wrapper that fails on purpose (sim_file_system.h).
//
// Calls block and are made from tasks. All are safe from any thread; one file object belongs to one
// task at a time, except ReadableFile, which may be shared. Paths are relative to the process or
// absolute, with '/' between folders. Errors: kNotFound, kAlreadyExists, kUnavailable (disk full,
// with "no space" in the message, or any I/O error; worth a retry elsewhere), kInvalidArgument.
#pragma once

#include "absl/types/span.h"
#include "base/status.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace logi::io {

class WritableFile {
  public:
    virtual ~WritableFile() = default;
    // Writes all parts, one after another, at the end. After an error the file's tail is undefined.
    virtual Status append(absl::Span<const std::string_view> parts) = 0;
    Status append(std::string_view data) { return append(absl::MakeConstSpan(&data, 1)); }
    // Content is durable when this returns OK. After an error, nothing since the last OK may be.
    virtual Status sync() = 0;
};

class ReadableFile {
  public:
    virtual ~ReadableFile() = default;
    [[nodiscard]] virtual std::uint64_t size() const = 0;
    // Fills `out` with the bytes from `offset`; kDataLoss when the file is shorter.
    virtual Status read_into(std::uint64_t offset, absl::Span<char> out) const = 0;
    // Exactly `length` bytes from `offset`; kDataLoss, before memory is taken, when the file is
    // shorter.
    [[nodiscard]] StatusOr<std::string> read(std::uint64_t offset, std::uint64_t length) const;

  protected:
    [[nodiscard]] virtual const std::string& path() const = 0;
    // kDataLoss, with path and numbers, if the file has no such bytes.
    [[nodiscard]] Status check_range(std::uint64_t offset, std::uint64_t length) const;
};

// Held as long as the object lives.
class FileLock {
  public:
    virtual ~FileLock() = default;
};

class FileSystem {
  public:
    virtual ~FileSystem() = default;
    // A new file; kAlreadyExists if there is one. Its name is durable after sync_dir of its folder.
    virtual StatusOr<std::unique_ptr<WritableFile>> create(const std::string& path) = 0;
    virtual StatusOr<std::shared_ptr<const ReadableFile>> open(const std::string& path) = 0;
    // A second name for a file; kAlreadyExists if `to` exists. The agreement primitive.
    virtual Status link(const std::string& from, const std::string& to) = 0;
    // Replaces `to`.
    virtual Status rename(const std::string& from, const std::string& to) = 0;
    virtual Status remove(const std::string& path) = 0;
    // Names (not paths) of the files and folders in `dir`, sorted; kNotFound if there is no folder.
    virtual StatusOr<std::vector<std::string>> list(const std::string& dir) = 0;
    [[nodiscard]] virtual StatusOr<bool> is_dir(const std::string& path) = 0;
    // Creates the folder and its parents, durably.
    virtual Status make_dirs(const std::string& dir) = 0;
    // Makes creations, links, renames and removals in `dir` durable.
    virtual Status sync_dir(const std::string& dir) = 0;
    // An exclusive lock between processes; kFailedPrecondition if another process holds it.
    virtual StatusOr<std::unique_ptr<FileLock>> lock(const std::string& path) = 0;
};

// The operating system's files.
std::unique_ptr<FileSystem> make_posix_file_system();

}  // namespace logi::io
