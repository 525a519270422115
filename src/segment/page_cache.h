// Pages of segments' directories that were read, decoded, within one bound of memory for all.
#pragma once

#include "absl/container/flat_hash_map.h"
#include "base/mutex.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <utility>

namespace logi::segment {

// A part of a directory as it is in memory.
class Page {
  public:
    Page() = default;
    Page(const Page&) = delete;
    Page& operator=(const Page&) = delete;
    virtual ~Page() = default;
    // What it takes there, about.
    [[nodiscard]] virtual std::size_t memory_bytes() const = 0;
};

// Thread-safe. The pages that were used least recently leave when all take more than the bound;
// who holds one keeps it.
class PageCache {
  public:
    explicit PageCache(std::size_t bytes_max) : bytes_max_(bytes_max) {}

    // Tells the pages of one segment from those of others; never given twice.
    [[nodiscard]] std::uint64_t new_owner() { return owners_.fetch_add(1); }

    struct Key {
        std::uint64_t owner = 0;
        std::uint32_t number = 0;
        friend bool operator==(const Key&, const Key&) = default;
        template <typename H>
        friend H AbslHashValue(H h, const Key& key) {
            return H::combine(std::move(h), key.owner, key.number);
        }
    };
    // Null: it has to be read.
    [[nodiscard]] std::shared_ptr<const Page> find(const Key& key);
    void put(const Key& key, std::shared_ptr<const Page> page);

    [[nodiscard]] std::size_t bytes() const;

  private:
    struct Item {
        Key key;
        std::shared_ptr<const Page> page;
        std::size_t bytes = 0;
    };

    const std::size_t bytes_max_;
    std::atomic<std::uint64_t> owners_{0};
    mutable base::Mutex mutex_;
    std::list<Item> items_ LOGI_GUARDED_BY(mutex_);  // most recently used first
    absl::flat_hash_map<Key, std::list<Item>::iterator> by_key_ LOGI_GUARDED_BY(mutex_);
    std::size_t bytes_ LOGI_GUARDED_BY(mutex_) = 0;
};

}  // namespace logi::segment
