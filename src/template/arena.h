// Memory of one execution: strings, lists and maps that functions make, freed all at once.
#pragma once

#include "absl/types/span.h"

#include <array>
#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <string_view>
#include <type_traits>
#include <vector>

namespace logi::tmpl {

// The first kilobyte needs no heap. Holds only types without destructors.
class Arena {
  public:
    explicit Arena(std::size_t bytes_max) : left_(bytes_max) {}
    Arena(const Arena&) = delete;
    Arena& operator=(const Arena&) = delete;

    // Null when the limit is reached.
    [[nodiscard]] char* allocate(std::size_t bytes) {
        bytes = (bytes + kAlignment - 1) / kAlignment * kAlignment;
        if (bytes > left_) {
            return nullptr;
        }
        left_ -= bytes;
        if (bytes > room_) {
            const std::size_t chunk = std::max(bytes, kChunkBytes);
            chunks_.push_back(std::make_unique<char[]>(chunk));
            next_ = chunks_.back().get();
            room_ = chunk;
        }
        char* const p = next_;
        next_ += bytes;
        room_ -= bytes;
        return p;
    }

    [[nodiscard]] std::optional<std::string_view> copy(std::string_view s) {
        if (s.empty()) {
            return std::string_view();
        }
        char* const p = allocate(s.size());
        if (p == nullptr) {
            return std::nullopt;
        }
        std::memcpy(p, s.data(), s.size());
        return std::string_view(p, s.size());
    }

    template <typename T>
    [[nodiscard]] std::optional<absl::Span<const T>> copy(const std::vector<T>& items) {
        static_assert(std::is_trivially_destructible_v<T> && alignof(T) <= kAlignment);
        char* const p = allocate(items.size() * sizeof(T));
        if (p == nullptr) {
            return std::nullopt;
        }
        T* const first = reinterpret_cast<T*>(p);
        std::uninitialized_copy(items.begin(), items.end(), first);
        return absl::Span<const T>(first, items.size());
    }

  private:
    static constexpr std::size_t kAlignment = 8;
    static constexpr std::size_t kChunkBytes = 16U << 10U;
    alignas(kAlignment) std::array<char, 1024> first_;
    std::vector<std::unique_ptr<char[]>> chunks_;
    char* next_ = first_.data();
    std::size_t room_ = sizeof(first_);
    std::size_t left_;
};

}  // namespace logi::tmpl
