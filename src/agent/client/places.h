// What the positions of a feed stand for in its source, for sources whose places are no numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>

namespace logi::agent {

// On one strand.
template <typename Place>
class Places {
  public:
    // Of the next entry, which ends at the position that it returns.
    std::uint64_t add(Place place) {
        open_.emplace_back(++count_, std::move(place));
        return count_;
    }
    // Everything before the position is delivered.
    void set_delivered(std::uint64_t position) {
        while (!open_.empty() && open_.front().first <= position) {
            delivered_ = std::move(open_.front().second);
            open_.pop_front();
        }
    }
    // Of the last entry that is delivered, and all before it.
    [[nodiscard]] const std::optional<Place>& delivered() const { return delivered_; }
    [[nodiscard]] std::uint64_t count() const { return count_; }
    // Whether so many are not delivered that nothing more should be read.
    [[nodiscard]] bool full() const { return open_.size() >= kOpenMax; }

  private:
    static constexpr std::size_t kOpenMax = 64U << 10U;
    std::deque<std::pair<std::uint64_t, Place>> open_;
    std::optional<Place> delivered_;
    std::uint64_t count_ = 0;
};

}  // namespace logi::agent
