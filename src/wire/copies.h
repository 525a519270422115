// Texts that a decoded push owns.
#pragma once

#include "wire/push.h"

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>

namespace logi::wire {

// Copies into one growing list of chunks that never move, which the request keeps.
class Copies {
  public:
    explicit Copies(PushRequest& request) : request_(request) {}
    std::string_view copy(std::string_view s) {
        if (chunk_ == nullptr || chunk_->capacity() - chunk_->size() < s.size()) {
            request_.buffers.push_back(std::make_unique<std::string>());
            chunk_ = request_.buffers.back().get();
            chunk_->reserve(std::max<std::size_t>(s.size(), kChunkBytes));
        }
        const std::size_t at = chunk_->size();
        chunk_->append(s);
        return std::string_view(*chunk_).substr(at);
    }

  private:
    static constexpr std::size_t kChunkBytes = 256U << 10U;
    PushRequest& request_;
    std::string* chunk_ = nullptr;
};

}  // namespace logi::wire
