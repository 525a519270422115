// Which of some rows: none, all, or those whose bit is set.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace logi::block {

class RowSet {
  public:
    static RowSet none(std::size_t rows) { return RowSet(rows, kNone); }
    static RowSet all(std::size_t rows) { return RowSet(rows, kAll); }

    [[nodiscard]] std::size_t rows() const { return rows_; }
    [[nodiscard]] bool is_none() const { return state_ == kNone; }
    [[nodiscard]] bool is_all() const { return state_ == kAll; }
    [[nodiscard]] bool has(std::size_t row) const {
        return state_ == kAll || (state_ == kSome && (bits_[row / 64] >> (row % 64) & 1U) != 0);
    }
    void add(std::size_t row) {
        if (state_ == kNone) {
            state_ = kSome;
            bits_.assign((rows_ + 63) / 64, 0);
        }
        if (state_ == kSome) {
            bits_[row / 64] |= 1ULL << (row % 64);
        }
    }
    // The rows from `row`, a multiple of eight, on whose bits are set.
    void add_eight(std::size_t row, unsigned bits) {
        add(row + static_cast<std::size_t>(std::countr_zero(bits)));
        if (state_ == kSome) {
            bits_[row / 64] |= static_cast<std::uint64_t>(bits) << (row % 64);
        }
    }
    // Both of as many rows.
    void unite(const RowSet& other) {
        if (state_ == kAll || other.state_ == kNone) {
            return;
        }
        if (state_ == kNone || other.state_ == kAll) {
            *this = other;
            return;
        }
        for (std::size_t i = 0; i < bits_.size(); ++i) {
            bits_[i] |= other.bits_[i];
        }
    }
    void intersect(const RowSet& other) {
        if (state_ == kNone || other.state_ == kAll) {
            return;
        }
        if (state_ == kAll || other.state_ == kNone) {
            *this = other;
            return;
        }
        std::uint64_t any = 0;
        for (std::size_t i = 0; i < bits_.size(); ++i) {
            bits_[i] &= other.bits_[i];
            any |= bits_[i];
        }
        state_ = any == 0 ? kNone : kSome;
    }
    // Calls f(row) for each, ascending.
    template <typename F>
    void for_each(F&& f) const {
        if (state_ == kAll) {
            for (std::size_t row = 0; row < rows_; ++row) {
                f(row);
            }
        } else if (state_ == kSome) {
            for (std::size_t i = 0; i < bits_.size(); ++i) {
                for (std::uint64_t b = bits_[i]; b != 0; b &= b - 1) {
                    f(64 * i + static_cast<std::size_t>(std::countr_zero(b)));
                }
            }
        }
    }

  private:
    enum State : std::uint8_t { kNone, kAll, kSome };
    RowSet(std::size_t rows, State state) : rows_(rows), state_(state) {}

    std::size_t rows_ = 0;
    State state_ = kNone;
    std::vector<std::uint64_t> bits_;
};

}  // namespace logi::block
