// Numbers for the distinct texts among many.
#pragma once

#include "block/cut.h"
#include "block/text_kernels.h"

#include <bit>
#include <cstring>
#include <string_view>
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
        entries_.clear();
        table_.assign(std::bit_ceil(std::max(kTableMin, 2 * expected)), 0);
    }

    std::uint32_t number(const Slot& slot) { return number(slot, head_of(text_, slot)); }
    // `head` is that of the text.
    std::uint32_t number(const Slot& slot, std::uint64_t head) {
        const std::uint64_t tag = slot.size <= kHeadBytes ? head : hash(slot, head);
        std::size_t i = place(tag, slot.size);
        while (table_[i] != 0) {
            const Entry& entry = entries_[table_[i] - 1];
            if (entry.tag == tag && entry.slot.size == slot.size &&
                (slot.size <= kHeadBytes || same(entry.slot, slot))) {
                return table_[i] - 1;
            }
            i = (i + 1) & (table_.size() - 1);
        }
        entries_.push_back({tag, slot});
        table_[i] = static_cast<std::uint32_t>(entries_.size());
        if (2 * entries_.size() > table_.size()) {
            grow();
        }
        return static_cast<std::uint32_t>(entries_.size() - 1);
    }
    // By number.
    [[nodiscard]] std::vector<Slot> distinct() const {
        std::vector<Slot> slots;
        slots.reserve(entries_.size());
        for (const Entry& entry : entries_) {
            slots.push_back(entry.slot);
        }
        return slots;
    }

  private:
    static constexpr std::size_t kTableMin = 64;
    static constexpr std::uint64_t kOdd = 0x9E3779B97F4A7C15;

    struct Entry {
        std::uint64_t tag;  // the head of a short text, a hash of a longer one
        Slot slot;
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
    [[nodiscard]] std::size_t place(std::uint64_t tag, std::uint32_t size) const {
        const int bits = std::countr_zero(table_.size());
        return (tag ^ size) * kOdd >> (64 - bits);
    }
    void grow() {
        table_.assign(2 * table_.size(), 0);
        for (std::uint32_t n = 0; n < entries_.size(); ++n) {
            std::size_t i = place(entries_[n].tag, entries_[n].slot.size);
            while (table_[i] != 0) {
                i = (i + 1) & (table_.size() - 1);
            }
            table_[i] = n + 1;
        }
    }

    const char* text_ = nullptr;
    std::vector<Entry> entries_;
    std::vector<std::uint32_t> table_;  // number + 1
};

}  // namespace logi::block
