// Numbers for the distinct texts among many.
#pragma once

#include "block/cut.h"
#include "block/text_kernels.h"

#include <bit>
#include <cstring>
#include <utility>
#include <vector>

namespace logi::block {

// Numbers texts from 0 in the order in which they come first.
class Numbering {
  public:
    Numbering() = default;
    Numbering(const char* text, std::size_t expected) { begin(text, expected); }

    // Forgets all, and keeps the memory. Grows less if about as many distinct texts come.
    void begin(const char* text, std::size_t expected = 0) {
        text_ = text;
        distinct_.clear();
        table_.assign(std::bit_ceil(std::max(kTableMin, 2 * expected)), {});
    }

    std::uint32_t number(const Slot& slot) { return number(slot, head_of(text_, slot)); }
    // `head` is that of the text.
    std::uint32_t number(const Slot& slot, std::uint64_t head) {
        const std::uint64_t tag = slot.size <= kHeadBytes ? head : hash(slot, head);
        Place* place = &table_[place_of(tag, slot.size)];
        while (place->number != kNone) {
            if (place->tag == tag && place->size == slot.size &&
                (slot.size <= kHeadBytes || same(distinct_[place->number], slot))) {
                return place->number;
            }
            place = next(place);
        }
        const auto number = static_cast<std::uint32_t>(distinct_.size());
        *place = {tag, slot.size, number};
        distinct_.push_back(slot);
        if (2 * distinct_.size() > table_.size()) {
            grow();
        }
        return number;
    }
    // By number.
    [[nodiscard]] const std::vector<Slot>& distinct() const { return distinct_; }

  private:
    static constexpr std::size_t kTableMin = 64;
    static constexpr std::uint64_t kOdd = 0x9E3779B97F4A7C15;
    static constexpr std::uint32_t kNone = 0xFFFFFFFF;

    // With what tells texts apart, so that most are found by one look.
    struct Place {
        std::uint64_t tag = 0;  // the head of a short text, a hash of a longer one
        std::uint32_t size = 0;
        std::uint32_t number = kNone;
    };

    [[nodiscard]] bool same(const Slot& a, const Slot& b) const {
        return same_bytes(text_ + a.begin, text_ + b.begin, a.size);
    }
    // For this table only: not stable across machines.
    [[nodiscard]] std::uint64_t hash(const Slot& s, std::uint64_t head) const {
        const auto mix = [](std::uint64_t h, std::uint64_t v) {
            h = (h ^ v) * kOdd;
            return h ^ (h >> 29U);
        };
        const char* const text = text_ + s.begin;
        std::uint64_t h = head * kOdd;
        std::uint64_t word = 0;
        for (std::uint32_t i = kHeadBytes; i + 8 <= s.size; i += 8) {
            std::memcpy(&word, text + i, 8);
            h = mix(h, word);
        }
        std::memcpy(&word, text + s.size - 8, 8);
        return mix(h, word);
    }
    [[nodiscard]] std::size_t place_of(std::uint64_t tag, std::uint32_t size) const {
        const int bits = std::countr_zero(table_.size());
        return (tag ^ size) * kOdd >> (64 - bits);
    }
    Place* next(Place* place) {
        return place + 1 == table_.data() + table_.size() ? table_.data() : place + 1;
    }
    void grow() {
        const std::vector<Place> before =
            std::exchange(table_, std::vector<Place>(2 * table_.size()));
        for (const Place& old : before) {
            if (old.number != kNone) {
                Place* place = &table_[place_of(old.tag, old.size)];
                while (place->number != kNone) {
                    place = next(place);
                }
                *place = old;
            }
        }
    }

    const char* text_ = nullptr;
    std::vector<Slot> distinct_;
    std::vector<Place> table_;
};

}  // namespace logi::block
