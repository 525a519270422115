// Columns of numbers and times, read.
#include "absl/strings/ascii.h"
#include "block/column_reader.h"
#include "block/decimal.h"
#include "block/digit_search.h"
#include "block/scratch_numbers.h"
#include "block/time_layout.h"
#include "codec/integers.h"

#include <algorithm>
#include <array>
#include <bit>

namespace logi::block {
namespace {

// Seconds since 1970 have ten digits.
constexpr std::uint8_t kUnitDigitsMax = 9;

struct IntegerForm {
    std::uint8_t flags = 0;
    std::uint8_t scale = 0;
    std::uint8_t unit_digits = 0;
};

constexpr std::array<char, 200> kPairs = [] {
    std::array<char, 200> pairs{};
    for (unsigned i = 0; i < 100; ++i) {
        pairs[2 * i] = static_cast<char>('0' + i / 10);
        pairs[2 * i + 1] = static_cast<char>('0' + i % 10);
    }
    return pairs;
}();

// As print_before() for a number below 10^8 and a width of at most kShortDigits. Writes so many
// bytes before `end`.
inline char* print_short(char* end, std::uint32_t number, std::size_t width) {
    const std::uint64_t digits = short_digits(number);
    const std::uint64_t text = digits | kZeroDigits;
    std::memcpy(end - kShortDigits, &text, sizeof(text));
    const auto zeros = static_cast<std::size_t>(std::countr_zero(digits | 1ULL << 56U)) / 8;
    return end - std::max(kShortDigits - zeros, width);
}

// Writes a number so that it ends before `end`, with zeros in front up to `width` digits. Returns
// where it begins.
char* print_before(char* end, std::uint64_t number, std::size_t width) {
    char* p = end;
    while (number >> 32U != 0) {
        p -= 2;
        std::memcpy(p, kPairs.data() + 2 * (number % 100), 2);
        number /= 100;
    }
    auto n = static_cast<std::uint32_t>(number);
    for (; n >= 100; n /= 100) {
        p -= 2;
        std::memcpy(p, kPairs.data() + 2 * (n % 100), 2);
    }
    if (n >= 10) {
        p -= 2;
        std::memcpy(p, kPairs.data() + 2 * n, 2);
    } else if (n > 0 || p == end) {
        *--p = static_cast<char>('0' + n);
    }
    while (static_cast<std::size_t>(end - p) < width) {
        *--p = '0';
    }
    return p;
}

class IntegerColumn final : public ColumnReader {
  public:
    IntegerColumn(const ColumnStart& start, IntegerForm form, Payload payload)
        : ColumnReader(start.rows, start.stamp),
          parts_(*start.space.parts),
          times_(start.times),
          form_(form),
          payload_(payload) {}
    void describe(int depth, std::vector<ColumnNote>& notes) const override {
        notes.push_back({depth, kInteger, rows(), parts_.stored_bytes(payload_), ""});
    }
    // Of integers that are close to each other: differences to the least.
    StatusOr<std::optional<ValueCodes>> codes(std::size_t count_max) override {
        LOGI_RETURN_IF_ERROR(load());
        if (codes_.empty()) {
            const auto [least, greatest] = std::minmax_element(numbers_.begin(), numbers_.end());
            least_ = *least;
            span_ = *greatest - *least;
        }
        if (span_ >= count_max) {
            return std::nullopt;
        }
        if (codes_.empty()) {
            codes_.reserve(numbers_.size());
            for (const std::uint64_t number : numbers_) {
                codes_.push_back(static_cast<std::uint32_t>(number - least_));
            }
        }
        return ValueCodes{static_cast<std::size_t>(span_) + 1, absl::MakeConstSpan(codes_)};
    }
    StatusOr<std::string_view> code_value(std::uint32_t code) override {
        return print(least_ + code, cell_.data());
    }
    [[nodiscard]] bool begins_with_digit() const override { return true; }
    Status append_value(std::size_t row, std::string& out) override {
        LOGI_RETURN_IF_ERROR(load());
        out.append(print(numbers_[row], cell_.data()));
        return absl::OkStatus();
    }
    Status run_of_values(std::size_t first, absl::Span<std::string_view> out) override {
        LOGI_RETURN_IF_ERROR(load());
        print_run(first, run_, out);
        return absl::OkStatus();
    }

  private:
    // Digits of the greatest number and a point, and what print_short() writes in front.
    static constexpr std::size_t kCellBytes = 32;

    StatusOr<RowSet> find(const Needle& needle) override {
        const bool fixed = (form_.flags & kFixedWidth) != 0;
        const DigitForm form{form_.scale,
                             static_cast<std::uint8_t>(fixed ? stamp().min_size : 0),
                             (form_.flags & kTrimmed) != 0};
        if (numbers_.empty() && (form_.flags & kRelative) == 0 && may_search_narrow(form, needle)) {
            // Who searches does not come back for the numbers.
            LOGI_ASSIGN_OR_RETURN(const auto bytes, parts_.payload(payload_));
            const absl::Span<std::uint32_t> narrow = scratch_numbers(rows());
            LOGI_ASSIGN_OR_RETURN(const bool is_narrow, codec::decode_narrow(bytes, narrow));
            if (is_narrow) {
                if (auto found = find_digits_narrow(narrow, form, needle)) {
                    return *std::move(found);
                }
            }
        }
        LOGI_RETURN_IF_ERROR(load());
        if (auto found = find_digits(numbers_, form, needle)) {
            return *std::move(found);
        }
        return ColumnReader::find(needle);
    }
    Status make_values(std::vector<std::string_view>& out) override {
        LOGI_RETURN_IF_ERROR(load());
        out.resize(rows());
        print_run(0, texts_, absl::MakeSpan(out));
        return absl::OkStatus();
    }
    // With the texts in `cells`.
    void print_run(std::size_t first, base::Buffer& cells, absl::Span<std::string_view> out) const {
        if (cells.size() < out.size() * kCellBytes) {
            cells = base::Buffer(out.size() * kCellBytes);
        }
        char* cell = cells.data();
        const auto print_all = [&](auto print_one) {
            for (std::size_t i = 0; i < out.size(); ++i, cell += kCellBytes) {
                out[i] = print_one(numbers_[first + i], cell);
            }
        };
        if (form_.scale == 0) {
            print_all([width = width()](std::uint64_t number, char* to) {
                return print_integer(number, width, to);
            });
        } else {
            print_all([this](std::uint64_t number, char* to) { return print_decimal(number, to); });
        }
    }

    Status load() {
        if (!numbers_.empty()) {
            return absl::OkStatus();
        }
        std::vector<std::uint64_t> numbers;
        LOGI_ASSIGN_OR_RETURN(const auto bytes, parts_.payload(payload_));
        LOGI_RETURN_IF_ERROR(codec::decode_integers(bytes, rows(), numbers));
        if ((form_.flags & kRelative) != 0) {
            LOGI_ASSIGN_OR_RETURN(const auto times, times_());
            with_power_of_ten(kUnitDigitsMax - form_.unit_digits, [&](auto unit_ns) {
                for (std::size_t row = 0; row < rows(); ++row) {
                    const std::int64_t units = floor_div(times[row].ns, unit_ns);
                    numbers[row] =
                        static_cast<std::uint64_t>(units) +
                        static_cast<std::uint64_t>(codec::ordered_to_signed(numbers[row]));
                }
            });
        }
        numbers_ = std::move(numbers);
        return absl::OkStatus();
    }

    [[nodiscard]] std::size_t width() const {
        return (form_.flags & kFixedWidth) != 0 ? stamp().min_size : 1;
    }
    // Into a cell of kCellBytes.
    std::string_view print(std::uint64_t number, char* cell) const {
        return form_.scale == 0 ? print_integer(number, width(), cell)
                                : print_decimal(number, cell);
    }
    static std::string_view print_integer(std::uint64_t number, std::size_t width, char* cell) {
        char* const end = cell + kCellBytes;
        const char* const begin = number < kPowersOfTen[kShortDigits] && width <= kShortDigits
                                      ? print_short(end, static_cast<std::uint32_t>(number), width)
                                      : print_before(end, number, width);
        return {begin, static_cast<std::size_t>(end - begin)};
    }
    [[nodiscard]] std::string_view print_decimal(std::uint64_t number, char* cell) const {
        char* end = cell + kCellBytes;
        const std::uint64_t whole = number / kPowersOfTen[form_.scale];
        std::uint64_t fraction = number - whole * kPowersOfTen[form_.scale];
        std::size_t digits = form_.scale;
        for (; (form_.flags & kTrimmed) != 0 && digits > 0 && fraction % 10 == 0; --digits) {
            fraction /= 10;
        }
        char* begin = end;
        if (digits > 0) {
            begin = digits <= kShortDigits
                        ? print_short(end, static_cast<std::uint32_t>(fraction), digits) - 1
                        : print_before(end, fraction, digits) - 1;
            *begin = '.';
        }
        begin = whole < kPowersOfTen[kShortDigits]
                    ? print_short(begin, static_cast<std::uint32_t>(whole), 1)
                    : print_before(begin, whole, 1);
        return {begin, static_cast<std::size_t>(end - begin)};
    }

    PartReader& parts_;
    RowTimes times_;
    IntegerForm form_;
    Payload payload_;
    std::vector<std::uint64_t> numbers_;
    base::Buffer texts_;
    base::Buffer run_;  // of run_of_values()
    std::uint64_t least_ = 0;
    std::uint64_t span_ = 0;
    std::vector<std::uint32_t> codes_;
    std::array<char, kCellBytes> cell_{};
};

class TimeColumn final : public ColumnReader {
  public:
    TimeColumn(const ColumnStart& start, TimeLayout layout, Payload payload)
        : ColumnReader(start.rows, start.stamp),
          parts_(*start.space.parts),
          times_(start.times),
          layout_(std::move(layout)),
          stored_(layout_.stored()),
          payload_(payload) {}
    void describe(int depth, std::vector<ColumnNote>& notes) const override {
        notes.push_back({depth, kTime, rows(), parts_.stored_bytes(payload_), ""});
    }
    [[nodiscard]] bool can_have(unsigned char byte) const override {
        const auto c = static_cast<char>(byte);
        // What a layout does not store are letters and digits, blanks, colons and slashes.
        return ColumnReader::can_have(byte) && (absl::ascii_isalnum(byte) || c == ' ' || c == ':' ||
                                                c == '/' || stored_.find(c) != std::string::npos);
    }

    Status append_value(std::size_t row, std::string& out) override {
        LOGI_RETURN_IF_ERROR(load());
        std::array<char, TimeLayout::kTextMax> cell{};
        TimeLayout::Written last;
        out.append(cell.data(), layout_.print(units_[row], cell.data(), last));
        return absl::OkStatus();
    }
    Status run_of_values(std::size_t first, absl::Span<std::string_view> out) override {
        LOGI_RETURN_IF_ERROR(load());
        print_run(first, run_, out);
        return absl::OkStatus();
    }

  private:
    StatusOr<RowSet> find(const Needle& needle) override {
        if (never_in_times(layout_, needle)) {
            return RowSet::none(rows());
        }
        LOGI_RETURN_IF_ERROR(load());
        if (auto found = find_digits_in_times(units_, layout_, needle)) {
            return *std::move(found);
        }
        return ColumnReader::find(needle);
    }
    Status make_values(std::vector<std::string_view>& out) override {
        LOGI_RETURN_IF_ERROR(load());
        out.resize(rows());
        print_run(0, texts_, absl::MakeSpan(out));
        return absl::OkStatus();
    }
    // With the texts in `cells`.
    void print_run(std::size_t first, base::Buffer& cells, absl::Span<std::string_view> out) {
        if (cells.size() < out.size() * TimeLayout::kTextMax) {
            cells = base::Buffer(out.size() * TimeLayout::kTextMax);
        }
        char* cell = cells.data();
        for (std::size_t i = 0; i < out.size(); ++i, cell += TimeLayout::kTextMax) {
            char* const end = layout_.print(units_[first + i], cell, last_);
            out[i] = {cell, static_cast<std::size_t>(end - cell)};
        }
    }
    Status load() {
        if (!units_.empty()) {
            return absl::OkStatus();
        }
        LOGI_ASSIGN_OR_RETURN(const auto bytes, parts_.payload(payload_));
        std::vector<std::uint64_t> numbers;
        LOGI_RETURN_IF_ERROR(codec::decode_integers(bytes, rows(), numbers));
        LOGI_ASSIGN_OR_RETURN(const auto times, times_());
        std::vector<std::int64_t> units = layout_.units_of(times);
        for (std::size_t row = 0; row < rows(); ++row) {
            if (__builtin_add_overflow(
                    codec::ordered_to_signed(numbers[row]), units[row], &units[row])) {
                return malformed("a time");
            }
        }
        units_ = std::move(units);
        return absl::OkStatus();
    }

    PartReader& parts_;
    RowTimes times_;
    TimeLayout layout_;
    std::string stored_;
    Payload payload_;
    std::vector<std::int64_t> units_;
    base::Buffer texts_;
    base::Buffer run_;  // of run_of_values()
    TimeLayout::Written last_;
};

}  // namespace

StatusOr<std::unique_ptr<ColumnReader>> read_integers(const ColumnStart& start) {
    base::ByteReader& tree = *start.space.tree;
    IntegerForm form;
    form.flags = tree.u8();
    form.scale = tree.u8();
    const bool relative = (form.flags & kRelative) != 0;
    form.unit_digits = relative ? tree.u8() : std::uint8_t{0};
    if (form.scale > kIntegerDigitsMax || form.unit_digits > kUnitDigitsMax ||
        (relative && !start.times) ||
        ((form.flags & kFixedWidth) != 0 && start.stamp.min_size > kIntegerDigitsMax)) {
        return malformed("a column of integers");
    }
    return std::make_unique<IntegerColumn>(start, form, start.space.payloads->take(tree));
}

StatusOr<std::unique_ptr<ColumnReader>> read_times(const ColumnStart& start) {
    auto layout = TimeLayout::parse_layout(start.space.tree->string());
    if (!layout || !start.times) {
        return malformed("a column of times");
    }
    return std::make_unique<TimeColumn>(
        start, *std::move(layout), start.space.payloads->take(*start.space.tree));
}

}  // namespace logi::block
