// Chunks of immutable objects in files of a folder, to be found again after a restart.
//
// Files are written one after another, each to its end and never again; when all take more than the
// bound the oldest goes, and what of it was found since it was written is written once more. The
// folder is a cache and nothing but that: nothing is synced, everything is compared with its
// checksum and with the name of its object when it is read, and a file in which something is wrong
// is removed. Where the disk takes nothing, nothing is added for a minute.
//
//   <folder>/lock
//   <folder>/<number, 20 digits>.ranges     records, and behind them an index unless it was cut off
//
//   record: 4 "LRNG", u32 CRC of the header's rest with the name, u32 CRC of the bytes, u64 number
//           of the chunk, u32 length of the name, u32 length of the bytes; name; bytes
//   index:  per record: string name, varint number, varint offset, varint bytes of the record;
//           then u64 offset of the index, u32 its CRC, 4 "LRIX"
#pragma once

#include "absl/container/flat_hash_map.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "io/clock.h"
#include "io/file_system.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace logi::bucket {

// Thread-safe. Metrics: logi_cache_disk_bytes, logi_cache_evicted_bytes_total,
// logi_cache_damaged_files_total, logi_cache_write_failures_total.
class RangeStore {
  public:
    struct Options {
        std::string folder;
        std::uint64_t bytes_max = 0;  // of all files
        std::uint64_t file_bytes_max = 8ULL << 20U;
    };
    static constexpr std::uint64_t kBytesMin = 16ULL << 20U;
    static constexpr std::uint64_t kNameBytesMax = 4096;
    static constexpr std::uint64_t kChunkBytesMax = 1ULL << 20U;
    static constexpr Duration kPauseAfterFailure = Duration::minutes(1);

    // Reads what is there. kFailedPrecondition: another process has the folder; kUnavailable: it
    // cannot be used. All that is passed in outlives the store.
    static StatusOr<std::unique_ptr<RangeStore>> open(io::FileSystem& files,
                                                      const io::Clock& clock,
                                                      base::Registry& metrics,
                                                      const Options& options);
    ~RangeStore();

    [[nodiscard]] bool has(const std::string& name, std::uint64_t number);
    // Nothing: it is not there, or not any more.
    [[nodiscard]] std::optional<std::string> find(const std::string& name, std::uint64_t number);
    // Perhaps later, by another thread, or not at all.
    void add(const std::string& name, std::uint64_t number, std::string_view bytes);

    // Of all files.
    [[nodiscard]] std::uint64_t bytes();

  private:
    struct Key {
        std::uint64_t object = 0;
        std::uint64_t number = 0;
        friend bool operator==(const Key&, const Key&) = default;
        template <typename H>
        friend H AbslHashValue(H h, const Key& key) {
            return H::combine(std::move(h), key.object, key.number);
        }
    };
    struct Place {
        std::uint64_t file = 0;
        std::uint64_t offset = 0;
        std::uint64_t length = 0;  // of the record
        bool used = false;         // since it was written
    };
    struct File {
        std::uint64_t bytes = 0;
        std::vector<Key> keys;
    };
    struct Object {
        std::string name;
        std::uint64_t places = 0;
    };
    struct Record {
        std::string name;
        std::uint64_t number = 0;
        std::string bytes;
    };
    // The file that is written, by one thread at a time.
    struct Writing {
        std::uint64_t number = 0;
        std::unique_ptr<io::WritableFile> file;  // null: none so far
        std::uint64_t bytes = 0;
        std::string index;
    };

    RangeStore(io::FileSystem& files,
               const io::Clock& clock,
               base::Registry& metrics,
               const Options& options);
    Status load();
    bool load_file(std::uint64_t file);
    void write(std::vector<Record> records);
    Status append(const Record& record);
    Status begin_file();
    void end_file();
    std::vector<Record> make_room();
    // Those of a file that were found, at most half as much as a file may have.
    std::vector<Record> used_of(std::uint64_t file);
    void drop_file(std::uint64_t file);
    void forget(std::uint64_t file) LOGI_REQUIRES(mutex_);
    void note(std::uint64_t file, std::string_view name, std::uint64_t number, const Place& place)
        LOGI_REQUIRES(mutex_);
    [[nodiscard]] Place* place_of(const std::string& name, std::uint64_t number)
        LOGI_REQUIRES(mutex_);
    [[nodiscard]] std::string path(std::uint64_t file) const;
    [[nodiscard]] StatusOr<std::string> read_record(const Place& place,
                                                    std::string_view name,
                                                    std::uint64_t number) const;

    io::FileSystem& files_;
    const io::Clock& clock_;
    const Options options_;
    const base::Counter evicted_bytes_;
    const base::Counter damaged_files_;
    const base::Counter write_failures_;
    const base::Gauge bytes_gauge_;
    std::unique_ptr<io::FileLock> lock_;
    Writing writing_;  // of who has set busy_

    base::Mutex mutex_;
    absl::flat_hash_map<Key, Place> places_ LOGI_GUARDED_BY(mutex_);
    absl::flat_hash_map<std::string, std::uint64_t> ids_ LOGI_GUARDED_BY(mutex_);
    absl::flat_hash_map<std::uint64_t, Object> objects_ LOGI_GUARDED_BY(mutex_);
    std::map<std::uint64_t, File> known_files_ LOGI_GUARDED_BY(mutex_);
    std::uint64_t last_id_ LOGI_GUARDED_BY(mutex_) = 0;
    std::uint64_t last_file_ LOGI_GUARDED_BY(mutex_) = 0;
    std::uint64_t bytes_ LOGI_GUARDED_BY(mutex_) = 0;
    bool busy_ LOGI_GUARDED_BY(mutex_) = false;
    std::vector<Record> waiting_ LOGI_GUARDED_BY(mutex_);  // for who is writing
    std::uint64_t waiting_bytes_ LOGI_GUARDED_BY(mutex_) = 0;
    Timestamp paused_until_ LOGI_GUARDED_BY(mutex_) = Timestamp::min();
};

}  // namespace logi::bucket
