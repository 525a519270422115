// Numbers for the distinct texts among many.
#pragma once

#include "block/cut.h"

#include <cstring>
#include <string_view>
#include <vector>

namespace logi::block {

// Numbers texts from 0 in the order in which they come first.
class Numbering {
  public:
    Numbering() = default;
    explicit Numbering(const MaskedText& text) { begin(text); }

    // Forgets all, and keeps the memory.
    void begin(const MaskedText& text) {
        text_ = text;
        distinct_.clear();
        table_.assign(kTableMin, 0);
    }

    std::uint32_t number(const Slot& slot) {
        const std::string_view s = text_.view(slot);
        std::size_t i = hash(s) & (table_.size() - 1);
        while (table_[i] != 0) {
            if (text_.view(distinct_[table_[i] - 1]) == s) {
                return table_[i] - 1;
            }
            i = (i + 1) & (table_.size() - 1);
        }
        distinct_.push_back(slot);
        table_[i] = static_cast<std::uint32_t>(distinct_.size());
        if (2 * distinct_.size() > table_.size()) {
            grow();
        }
        return static_cast<std::uint32_t>(distinct_.size() - 1);
    }
    // By number.
    [[nodiscard]] const std::vector<Slot>& distinct() const { return distinct_; }

  private:
    static constexpr std::size_t kTableMin = 64;

    static std::uint64_t word(const char* p, std::size_t bytes) {
        std::uint64_t v = 0;
        std::memcpy(&v, p, bytes);
        return v;
    }
    // For this table only: not stable across machines.
    static std::uint64_t hash(std::string_view s) {
        constexpr std::uint64_t kOdd = 0x9E3779B97F4A7C15;
        const auto mix = [](std::uint64_t h, std::uint64_t v) {
            h = (h ^ v) * kOdd;
            return h ^ (h >> 29U);
        };
        std::uint64_t h = s.size();
        std::size_t i = 0;
        for (; i + 8 <= s.size(); i += 8) {
            h = mix(h, word(s.data() + i, 8));
        }
        if (i < s.size()) {
            h = mix(h, s.size() >= 8 ? word(s.data() + s.size() - 8, 8) : word(s.data(), s.size()));
        }
        return h ^ (h >> 32U);
    }
    void grow() {
        table_.assign(2 * table_.size(), 0);
        for (std::uint32_t n = 0; n < distinct_.size(); ++n) {
            std::size_t i = hash(text_.view(distinct_[n])) & (table_.size() - 1);
            while (table_[i] != 0) {
                i = (i + 1) & (table_.size() - 1);
            }
            table_[i] = n + 1;
        }
    }

    MaskedText text_;
    std::vector<Slot> distinct_;
    std::vector<std::uint32_t> table_;  // number + 1
};

}  // namespace logi::block
