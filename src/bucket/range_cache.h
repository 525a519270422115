// Ranges of immutable objects, read in chunks that are kept: in memory while they are being read,
// and in a folder for longer where there is one. For stores where a request costs as much as some
// hundred kilobytes: what is near to what is asked for is read with it, and what will soon be asked
// for is read ahead, by threads of the cache's own.
//
// An object is known by its name and size. It must never change, nor may another come under its
// name: as segments do, whose names have a number that is used once. So an object that was removed
// may still be read as it was.
#pragma once

#include "absl/container/flat_hash_map.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "bucket/bucket.h"
#include "bucket/range_store.h"
#include "io/executor.h"

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <vector>

namespace logi::bucket {

struct ByteRange {
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
};

// Thread-safe; calls block. Metrics: logi_cache_reads_total and logi_cache_read_bytes_total by
// `from`: "memory", "disk" or "bucket", of chunks that were asked for;
// logi_cache_ahead_bytes_total, of what the bucket gave before anybody asked;
// logi_cache_memory_bytes.
class RangeCache {
  public:
    static constexpr std::uint64_t kChunkBytes = 128ULL << 10U;
    // What one request asks the bucket for at most.
    static constexpr std::uint64_t kRunChunks = 16;
    struct Options {
        std::uint64_t memory_bytes_max = 64ULL << 20U;
        // Of reading ahead that is under way; more is not begun.
        std::uint64_t ahead_bytes_max = 32ULL << 20U;
        // Tells the bucket from others that have had the folder.
        std::string bucket_name;
    };
    struct Object {
        std::string key;
        std::string name;  // with the bucket's and the size
        std::uint64_t size = 0;
        std::uint64_t number = 0;
    };
    // `bucket` and `metrics` outlive the cache. `store`: null, there is no folder; `ahead`: null,
    // nothing is read ahead.
    RangeCache(Bucket& bucket,
               std::unique_ptr<RangeStore> store,
               std::unique_ptr<io::Executor> ahead,
               base::Registry& metrics,
               Options options);
    // What waits to be read ahead is not read any more.
    ~RangeCache();

    [[nodiscard]] std::shared_ptr<const Object> object(const std::string& key, std::uint64_t size);

    // Exactly these bytes. What lies in `around` may be read with them. Errors are the bucket's.
    StatusOr<std::string> read(const Object& object, ByteRange wanted, ByteRange around = {});
    // Soon to be read, or never.
    void read_ahead(const std::shared_ptr<const Object>& object, ByteRange range);

  private:
    using Bytes = std::shared_ptr<const std::string>;
    struct Key {
        std::uint64_t object = 0;
        std::uint64_t number = 0;
        friend bool operator==(const Key&, const Key&) = default;
        template <typename H>
        friend H AbslHashValue(H h, const Key& key) {
            return H::combine(std::move(h), key.object, key.number);
        }
    };
    struct Run;
    // Its bytes, or else the run that gets them.
    struct Chunk {
        Bytes bytes;
        std::shared_ptr<Run> run;
        std::list<Key>::iterator place;  // with bytes: in recent_
    };
    // Chunks, both included.
    struct Span {
        std::uint64_t first = 0;
        std::uint64_t last = 0;
    };

    [[nodiscard]] static Span chunks_of(const Object& object, ByteRange range);
    StatusOr<Bytes> chunk(const Object& object, std::uint64_t number, Span wanted, Span around);
    std::shared_ptr<Run> begin(const Object& object, Span chunks) LOGI_REQUIRES(mutex_);
    [[nodiscard]] bool is_new(const Object& object, std::uint64_t number) LOGI_REQUIRES(mutex_);
    void load(const Object& object, Run& run);
    Status fill(const Object& object, const Span& span, std::vector<Bytes>& chunks);
    Status fetch(const Object& object, Span span, std::vector<Bytes>& chunks);
    void publish(const Object& object, Run& run);
    void shrink() LOGI_REQUIRES(mutex_);

    Bucket& bucket_;
    const std::unique_ptr<RangeStore> store_;
    const Options options_;
    const base::Counter memory_reads_;
    const base::Counter disk_reads_;
    const base::Counter bucket_reads_;
    const base::Counter memory_bytes_read_;
    const base::Counter disk_bytes_read_;
    const base::Counter bucket_bytes_read_;
    const base::Counter ahead_bytes_read_;
    const base::Gauge bytes_gauge_;
    std::atomic<std::uint64_t> last_object_{0};
    std::atomic<bool> ending_{false};
    base::Mutex mutex_;
    absl::flat_hash_map<Key, Chunk> chunks_ LOGI_GUARDED_BY(mutex_);
    std::list<Key> recent_ LOGI_GUARDED_BY(mutex_);  // with bytes; most recently used first
    std::uint64_t bytes_ LOGI_GUARDED_BY(mutex_) = 0;
    std::uint64_t ahead_bytes_ LOGI_GUARDED_BY(mutex_) = 0;
    std::unique_ptr<io::Executor> ahead_;  // its tasks use the rest
};

}  // namespace logi::bucket
