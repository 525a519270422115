// Columns of hexadecimal digits, read.
#include "block/column_reader.h"
#include "block/digit_kernels.h"
#include "regex/substring.h"

#include <array>

namespace logi::block {
namespace {

int value_of(char c) {
    return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

// The digits of each byte.
using DigitPairs = std::array<std::array<char, 2>, 256>;
constexpr DigitPairs pairs_of(std::string_view digits) {
    DigitPairs pairs{};
    for (std::size_t b = 0; b < pairs.size(); ++b) {
        pairs[b] = {digits[b / 16], digits[b % 16]};
    }
    return pairs;
}
constexpr DigitPairs kLowerPairs = pairs_of("0123456789abcdef");
constexpr DigitPairs kUpperPairs = pairs_of("0123456789ABCDEF");

class HexColumn final : public ColumnReader {
  public:
    HexColumn(const ColumnStart& start, bool upper, Payload payload)
        : ColumnReader(start.rows, start.stamp),
          parts_(*start.space.parts),
          upper_(upper),
          payload_(payload) {}
    void describe(int depth, std::vector<ColumnNote>& notes) const override {
        notes.push_back({depth, kHex, rows(), parts_.stored_bytes(payload_), ""});
    }
    Status append_value(std::size_t row, std::string& out) override {
        LOGI_ASSIGN_OR_RETURN(const std::string_view packed, bytes());
        const std::size_t size = stamp().min_size;
        for (std::size_t i = row * size; i < (row + 1) * size; ++i) {
            const auto b = static_cast<unsigned char>(packed[i / 2]);
            out.push_back(digits()[i % 2 == 0 ? b >> 4U : b & 15U]);
        }
        return absl::OkStatus();
    }

    Status run_of_values(std::size_t first, absl::Span<std::string_view> out) override {
        return unpack_run(first, run_, out);
    }

  private:
    // Shorter needles have no whole byte of their own in both halves of a byte.
    static constexpr std::size_t kPackedMin = 3;
    // Of these too many bytes would be found that are like theirs.
    static constexpr std::size_t kShort = 4;

    [[nodiscard]] std::string_view digits() const {
        return upper_ ? "0123456789ABCDEF" : "0123456789abcdef";
    }
    StatusOr<std::string_view> bytes() {
        LOGI_ASSIGN_OR_RETURN(const auto bytes, parts_.payload(payload_));
        if (bytes.size() != (rows() * stamp().min_size + 1) / 2) {
            return malformed("the length of hexadecimal digits");
        }
        return bytes;
    }

    StatusOr<RowSet> find(const Needle& needle) override {
        if (needle.text.size() < kPackedMin) {
            return ColumnReader::find(needle);
        }
        LOGI_ASSIGN_OR_RETURN(const std::string_view packed, bytes());
        RowSet found = RowSet::none(rows());
        if (needle.text.size() <= kShort) {
            find_short(needle, packed, found);
            return found;
        }
        find_from(0, needle, packed, found);
        find_from(1, needle, packed, found);
        return found;
    }

    // Of three digits, or four.
    void find_short(const Needle& needle, std::string_view packed, RowSet& found) const {
        const auto digit = [&needle](std::size_t i) {
            return static_cast<std::uint8_t>(value_of(needle.text[i]));
        };
        const std::size_t size = needle.text.size();
        const std::size_t row_digits = stamp().min_size;
        std::vector<std::size_t> begins;
        find_three_digits(packed, {digit(0), digit(1), digit(2)}, begins);
        for (const std::size_t begin : begins) {
            const std::size_t in_row = begin % row_digits;
            const auto fourth = [&] {
                const auto b = static_cast<unsigned char>(packed[(begin + 3) / 2]);
                return begin % 2 == 0 ? b & 15U : unsigned{b} >> 4U;
            };
            if (in_row + size <= row_digits && begin + size <= rows() * row_digits &&
                (size == 3 || fourth() == digit(3)) && (!needle.at_begin || in_row == 0) &&
                (!needle.at_end || in_row + size == row_digits)) {
                found.add(begin / row_digits);
            }
        }
    }

    // Where the needle begins in the upper (0) or lower (1) half of a byte.
    void find_from(std::size_t half,
                   const Needle& needle,
                   std::string_view packed,
                   RowSet& found) const {
        const std::string_view digits = needle.text;
        std::string whole;  // the bytes that the needle has for itself
        for (std::size_t i = half; i + 2 <= digits.size(); i += 2) {
            whole.push_back(static_cast<char>(value_of(digits[i]) << 4 | value_of(digits[i + 1])));
        }
        const bool tail = (digits.size() - half) % 2 != 0;
        const std::size_t row_digits = stamp().min_size;
        std::size_t at = 0;
        while ((at = regex::find(packed, whole, at)) != regex::kNotFound) {
            // Where the needle begins, counted in digits; before the first one, none can.
            const std::size_t begin = 2 * at - half;
            const auto digit = [&](std::size_t place) {
                const auto b = static_cast<unsigned char>(packed[place / 2]);
                return static_cast<int>(place % 2 == 0 ? b >> 4U : b & 15U);
            };
            const std::size_t in_row = begin % row_digits;
            const std::size_t end = begin + digits.size();
            if (2 * at >= half && in_row + digits.size() <= row_digits &&
                end <= rows() * row_digits && (half == 0 || digit(begin) == value_of(digits[0])) &&
                (!tail || digit(end - 1) == value_of(digits.back())) &&
                (!needle.at_begin || in_row == 0) &&
                (!needle.at_end || in_row + digits.size() == row_digits)) {
                found.add(begin / row_digits);
            }
            ++at;
        }
    }

    Status make_values(std::vector<std::string_view>& out) override {
        out.resize(rows());
        return unpack_run(0, texts_, absl::MakeSpan(out));
    }
    // With the texts in `cells`.
    Status unpack_run(std::size_t first, base::Buffer& cells, absl::Span<std::string_view> out) {
        LOGI_ASSIGN_OR_RETURN(const std::string_view packed, bytes());
        const std::size_t size = stamp().min_size;
        // The first row may begin in the lower half of a byte.
        const std::size_t begin = first * size / 2;
        const std::size_t end = ((first + out.size()) * size + 1) / 2;
        if (cells.size() < 2 * (end - begin)) {
            cells = base::Buffer(2 * (end - begin));
        }
        const auto& pairs = upper_ ? kUpperPairs : kLowerPairs;
        char* p = cells.data();
        for (std::size_t i = begin; i < end; ++i, p += 2) {
            std::memcpy(p, pairs[static_cast<unsigned char>(packed[i])].data(), 2);
        }
        const char* text = cells.data() + first * size % 2;
        for (std::string_view& value : out) {
            value = {text, size};
            text += size;
        }
        return absl::OkStatus();
    }

    PartReader& parts_;
    bool upper_;
    Payload payload_;
    base::Buffer texts_;
    base::Buffer run_;  // of run_of_values()
};

}  // namespace

StatusOr<std::unique_ptr<ColumnReader>> read_hex(const ColumnStart& start) {
    const std::uint8_t upper = start.space.tree->u8();
    if (upper > 1 || start.stamp.min_size != start.stamp.max_size || start.stamp.min_size == 0 ||
        (start.stamp.classes & ~(kLowerHexClasses | kUpperHexClasses)) != 0) {
        return malformed("a column of hexadecimal digits");
    }
    return std::make_unique<HexColumn>(
        start, upper == 1, start.space.payloads->take(*start.space.tree));
}

}  // namespace logi::block
