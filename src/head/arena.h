// Bytes that are only ever added, at addresses that never move. One writer; what was added before a
// reader got the arena may be read without a lock.
#pragma once

#include "base/check.h"

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace logi::head {

class Arena {
  public:
    std::string_view copy(std::string_view s) {
        if (s.empty()) {
            return {};
        }
        char* p = allocate(s.size(), 1);
        std::memcpy(p, s.data(), s.size());
        return {p, s.size()};
    }

    // Uninitialised storage for `count` trivially destructible values.
    template <typename T>
    T* allocate_array(std::size_t count) {
        static_assert(std::is_trivially_destructible_v<T>);
        void* p = allocate(count * sizeof(T), alignof(T));
        return static_cast<T*>(p);
    }

    [[nodiscard]] std::size_t memory_bytes() const { return memory_bytes_; }

  private:
    // Chunks grow from small, so that ten thousand tiny tenants cost little.
    static constexpr std::size_t kFirstChunkBytes = 1024;
    static constexpr std::size_t kChunkBytesMax = 256U << 10U;

    char* allocate(std::size_t bytes, std::size_t alignment) {
        std::size_t at = (used_ + alignment - 1) / alignment * alignment;
        if (chunks_.empty() || at + bytes > capacity_) {
            next_bytes_ = std::min(next_bytes_ * 2, kChunkBytesMax);
            capacity_ = std::max(bytes, next_bytes_);
            chunks_.push_back(std::make_unique_for_overwrite<char[]>(capacity_));
            memory_bytes_ += capacity_;
            at = 0;
        }
        used_ = at + bytes;
        return chunks_.back().get() + at;
    }

    std::vector<std::unique_ptr<char[]>> chunks_;
    std::size_t capacity_ = 0;
    std::size_t used_ = 0;
    std::size_t next_bytes_ = kFirstChunkBytes / 2;
    std::size_t memory_bytes_ = 0;
};

}  // namespace logi::head
