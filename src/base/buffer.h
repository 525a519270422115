// Bytes on the heap that are not cleared first, as those of a std::string are. Behind them are
// kSlack more, so that short texts can be copied in words without a look at where they end.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

namespace logi::base {

// Moving one leaves its bytes where they are.
class Buffer {
  public:
    static constexpr std::size_t kSlack = 16;

    Buffer() = default;
    explicit Buffer(std::size_t size)
        : bytes_(std::make_unique_for_overwrite<char[]>(size + kSlack)), size_(size) {}
    static Buffer copy_of(std::string_view s) {
        Buffer buffer(s.size());
        if (!s.empty()) {
            std::memcpy(buffer.data(), s.data(), s.size());
        }
        return buffer;
    }

    [[nodiscard]] char* data() { return bytes_.get(); }
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] std::string_view view() const { return {bytes_.get(), size_}; }

  private:
    std::unique_ptr<char[]> bytes_;
    std::size_t size_ = 0;
};

}  // namespace logi::base
