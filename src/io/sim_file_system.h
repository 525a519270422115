// Files in memory that behave like a disk with a cache in front of it, and fail by seed.
//
// Content is safe after WritableFile::sync, names after sync_dir. At crash() each unsynced byte
// range and each unsynced name is kept, dropped or torn, as the seed decides. After a failed sync
// the bytes stay readable but are lost at the next crash, even if a later sync says OK.
#pragma once

#include "io/file_system.h"
#include "io/random.h"

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>

namespace logi::io {

// Not thread-safe: simulations run in one thread.
class SimFileSystem final : public FileSystem {
  public:
    explicit SimFileSystem(std::uint64_t seed) : random_(seed) {}

    struct Faults {
        // Probabilities per call.
        double write_error = 0;
        double short_write = 0;
        double sync_error = 0;
        double link_error = 0;
        double remove_error = 0;
        // Names that contain this cannot be made, unless it is empty.
        std::string forbidden_name = {};
        // Writes fail once this many bytes have been written.
        std::uint64_t disk_full_after_bytes = UINT64_MAX;
    };
    void set_faults(const Faults& faults) { faults_ = faults; }

    // Operations that change something, so far.
    [[nodiscard]] std::uint64_t operations() const { return operations_; }
    // The n-th such operation from the beginning and all after it fail; that one may be half done.
    void crash_at_operation(std::uint64_t n) { crash_at_ = n; }
    [[nodiscard]] bool crashed() const { return crashed_; }
    // The machine stops and comes up again.
    void crash();
    // The process stops: its locks go, the disk's cache stays.
    void kill() { restart(); }

    StatusOr<std::unique_ptr<WritableFile>> create(const std::string& path) override;
    StatusOr<std::shared_ptr<const ReadableFile>> open(const std::string& path) override;
    Status link(const std::string& from, const std::string& to) override;
    Status rename(const std::string& from, const std::string& to) override;
    Status remove(const std::string& path) override;
    StatusOr<std::vector<std::string>> list(const std::string& dir) override;
    StatusOr<bool> is_dir(const std::string& path) override;
    Status make_dirs(const std::string& dir) override;
    Status sync_dir(const std::string& dir) override;
    StatusOr<std::unique_ptr<FileLock>> lock(const std::string& path) override;

  private:
    friend class SimWritableFile;
    struct Inode {
        std::string bytes;
        std::size_t synced = 0;  // bytes before this survive a crash
        std::size_t lost_from =
            SIZE_MAX;  // bytes from here on are lost at a crash whatever follows
    };
    using Names = std::map<std::string, std::shared_ptr<Inode>>;

    // Counts a mutating operation; kUnavailable once crashed. `half` is set when this very
    // operation is the one that may be half done.
    Status begin_operation(bool& half);
    Status append(Inode& inode, const std::string& path, std::string_view data);
    Status sync(Inode& inode, const std::string& path);
    [[nodiscard]] bool chance(double probability);
    [[nodiscard]] bool forbidden(const std::string& path) const;
    void restart();

    SeededRandom random_;
    Faults faults_;
    std::uint64_t operations_ = 0;
    std::uint64_t crash_at_ = UINT64_MAX;
    std::uint64_t epoch_ = 0;  // files opened before a crash stay dead after it
    bool crashed_ = false;
    std::uint64_t written_ = 0;
    Names names_;   // as the running machine sees them
    Names stable_;  // as they are on the disk
    std::set<std::string> dirs_ = {"", ".", "/"};
    std::set<std::string> locks_;
};

}  // namespace logi::io
