// Columns of digits: integers, decimals, hexadecimal ones, times.
#include "block/column_writer.h"
#include "block/decimal.h"
#include "block/text_kernels.h"
#include "block/time_layout.h"
#include "codec/compress.h"
#include "codec/integers.h"

#include <bit>

namespace logi::block {
namespace {

// Seconds since 1970 have ten digits, from 2001 to 2286.
constexpr std::size_t kEpochDigits = 10;
// How far a time may be from its entry's to count as related.
constexpr std::int64_t kRelatedSeconds = 86'400;

std::size_t point_of(std::string_view s) {
    const void* p = std::memchr(s.data(), '.', s.size());
    return p == nullptr ? s.size()
                        : static_cast<std::size_t>(static_cast<const char*>(p) - s.data());
}

// How the numbers of a column are written.
struct NumberForm {
    std::size_t scale = 0;  // digits behind the point
    bool trimmed = false;
    bool fixed_width = false;
};

// Nothing if the texts are no numbers that can be written again.
std::optional<NumberForm> form_of(const ColumnWriter::Values& values, const Stamp& stamp) {
    NumberForm form;
    if ((stamp.classes & ~kDigitClass) == 0) {
        form.fixed_width = stamp.min_size == stamp.max_size;
        return stamp.max_size <= kIntegerDigitsMax ? std::optional(form) : std::nullopt;
    }
    if ((stamp.classes & ~(kDigitClass | class_of('.'))) != 0 ||
        stamp.max_size > kIntegerDigitsMax + 1) {
        return std::nullopt;
    }
    std::size_t least = kIntegerDigitsMax;
    for (const Slot& slot : values.slots) {
        const std::string_view s = values.view(slot);
        const std::size_t point = point_of(s);
        const std::size_t digits = point == s.size() ? 0 : s.size() - point - 1;
        // A point needs digits on both sides, and there is one at most.
        if (point == 0 || point + 1 == s.size() ||
            (digits > 0 && point_of(s.substr(point + 1)) != digits)) {
            return std::nullopt;
        }
        form.scale = std::max(form.scale, digits);
        least = std::min(least, digits);
        form.trimmed = form.trimmed || (digits > 0 && s.back() == '0');
    }
    // So far `trimmed` says that zeros stand at the end.
    if (form.trimmed && least < form.scale) {
        return std::nullopt;
    }
    form.trimmed = least < form.scale;
    return form;
}

// Nothing if writing the integer would not give the text.
std::optional<std::uint64_t> parse(std::string_view s, const NumberForm& form) {
    const std::size_t point = form.scale == 0 ? s.size() : point_of(s);
    if (!form.fixed_width && point > 1 && s[0] == '0') {
        return std::nullopt;
    }
    const std::size_t digits = point == s.size() ? 0 : s.size() - point - 1;
    if (point + form.scale > kIntegerDigitsMax) {
        return std::nullopt;
    }
    const std::uint64_t whole = parse_digits(s.data(), point);
    if (form.scale == 0) {
        return whole;
    }
    const std::uint64_t fraction = digits == 0 ? 0 : parse_digits(s.data() + point + 1, digits);
    return whole * kPowersOfTen[form.scale] + fraction * kPowersOfTen[form.scale - digits];
}

// As form_of() and parse() for decimals of at most kHeadBytes, in one look at each.
std::optional<NumberForm> parse_short_decimals(absl::Span<const Slot> slots,
                                               absl::Span<const std::uint64_t> heads,
                                               std::vector<std::uint64_t>& numbers) {
    constexpr std::uint64_t kOnes = 0x0101010101010101;
    numbers.resize(slots.size());
    std::vector<std::uint8_t> behind(slots.size());  // digits behind the point
    bool wrong = false;
    bool zero_at_end = false;
    std::uint32_t most = 0;
    std::uint32_t least = kHeadBytes;
    for (std::size_t i = 0; i < slots.size(); ++i) {
        const std::uint32_t size = slots[i].size;
        const std::uint64_t head = heads[i];
        // The upper bit of each byte that is a point.
        const std::uint64_t other = head ^ kOnes * '.';
        const std::uint64_t points = (other - kOnes) & ~other & kOnes << 7U;
        const std::uint32_t has_point = points != 0 ? 1 : 0;
        const auto place =
            has_point != 0 ? static_cast<std::uint32_t>(std::countr_zero(points)) / 8 : size;
        const std::uint32_t digits = size - place - has_point;
        // A point needs digits on both sides, and there is one at most.
        wrong |= place == 0 || (has_point != 0 && digits == 0) || (points & (points - 1)) != 0 ||
                 (place > 1 && (head & 0xFF) == '0');
        const std::uint64_t beyond = kBeyondText[place];
        const std::uint64_t all_digits = (head & ~beyond) | (head >> (8 * has_point) & beyond);
        numbers[i] = number_of_head(all_digits, std::max(size - has_point, 1U));
        behind[i] = static_cast<std::uint8_t>(digits);
        zero_at_end |= digits > 0 && (head >> (8 * (size - 1)) & 0xFF) == '0';
        most = std::max(most, digits);
        least = std::min(least, digits);
    }
    if (wrong || (zero_at_end && least < most)) {
        return std::nullopt;
    }
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        numbers[i] *= kPowersOfTen[most - behind[i]];
    }
    return NumberForm{most, least < most, false};
}

std::optional<NumberForm> parse_all(const ColumnWriter::Values& values,
                                    const Stamp& stamp,
                                    absl::Span<const std::uint64_t> heads,
                                    std::vector<std::uint64_t>& numbers) {
    constexpr ClassMask kOthers = static_cast<ClassMask>(~(kDigitClass | class_of('.')));
    if (stamp.max_size <= kHeadBytes && stamp.classes == kDigitClass) {
        const bool fixed_width = stamp.min_size == stamp.max_size;
        const bool zeros = numbers_of_heads(values.slots, heads, numbers);
        // Zeros in front are lost where not all have the same number of digits.
        return fixed_width || !zeros ? std::optional(NumberForm{0, false, fixed_width})
                                     : std::nullopt;
    }
    if (stamp.max_size <= kHeadBytes && (stamp.classes & kOthers) == 0) {
        return parse_short_decimals(values.slots, heads, numbers);
    }
    const auto form = form_of(values, stamp);
    numbers.clear();
    for (std::size_t i = 0; form && i < values.slots.size(); ++i) {
        const auto number = parse(values.view(values.slots[i]), *form);
        if (!number) {
            return std::nullopt;
        }
        numbers.push_back(*number);
    }
    return form;
}

// Makes differences to the entries' times of the numbers, if they are such times.
bool make_relative(std::vector<std::uint64_t>& numbers,
                   absl::Span<const Timestamp> times,
                   std::uint8_t& unit_digits) {
    if (times.empty()) {
        return false;
    }
    std::uint64_t v = numbers[0];
    std::size_t digits = 0;
    for (; v > 0; v /= 10) {
        ++digits;
    }
    if (digits < kEpochDigits || digits > kIntegerDigitsMax) {
        return false;
    }
    unit_digits = static_cast<std::uint8_t>(digits - kEpochDigits);
    const auto per_second = signed_power_of_ten(unit_digits);
    const std::int64_t unit_ns = kNanosPerSecond / per_second;
    std::vector<std::uint64_t> relative(numbers.size());
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        std::int64_t d = 0;
        if (numbers[i] > static_cast<std::uint64_t>(Timestamp::max().ns) ||
            __builtin_sub_overflow(
                static_cast<std::int64_t>(numbers[i]), floor_div(times[i].ns, unit_ns), &d) ||
            d > kRelatedSeconds * per_second || d < -kRelatedSeconds * per_second) {
            return false;
        }
        relative[i] = codec::signed_to_ordered(d);
    }
    numbers = std::move(relative);
    return true;
}

}  // namespace

bool ColumnWriter::write_integers(const Values& values, const Profile& profile, std::string& meta) {
    const auto form = parse_all(values, profile.stamp, heads_, numbers_);
    if (!form) {
        return false;
    }
    std::uint8_t unit_digits = 0;
    const bool relative = make_relative(numbers_, values.times, unit_digits);
    write_head(kInteger, profile, meta);
    base::ByteWriter w(meta);
    w.u8(static_cast<std::uint8_t>((form->fixed_width ? kFixedWidth : 0) |
                                   (form->trimmed ? kTrimmed : 0) | (relative ? kRelative : 0)));
    w.u8(static_cast<std::uint8_t>(form->scale));
    if (relative) {
        w.u8(unit_digits);
    }
    add_integers(numbers_, meta);
    return true;
}

bool ColumnWriter::write_hex(const Values& values, const Profile& profile, std::string& meta) {
    const Stamp& stamp = profile.stamp;
    const bool lower = (stamp.classes & ~kLowerHexClasses) == 0;
    if ((!lower && (stamp.classes & ~kUpperHexClasses) != 0) || stamp.min_size != stamp.max_size) {
        return false;
    }
    std::string digits;
    pack_hex(values.text, values.slots, stamp.min_size, digits);
    write_head(kHex, profile, meta);
    base::ByteWriter(meta).u8(lower ? 0 : 1);
    parts_->add(digits, codec::kOnePiece, meta);
    return true;
}

bool ColumnWriter::write_times(const Values& values, const Profile& profile, std::string& meta) {
    if (values.times.empty() || profile.stamp.max_size > TimeLayout::kTextMax ||
        (profile.stamp.classes & class_of(':')) == 0) {
        return false;
    }
    auto layout = TimeLayout::of(values.front());
    if (!layout) {
        return false;
    }
    std::vector<std::uint64_t> numbers(values.slots.size());
    const auto parse_all = [&] {
        TimeLayout::LastDate last;
        for (std::size_t i = 0; i < numbers.size(); ++i) {
            const Timestamp entry = values.times[i];
            const auto units = layout->parse(values.view(values.slots[i]), entry, last);
            std::int64_t difference = 0;
            if (!units || __builtin_sub_overflow(*units, layout->units_of(entry), &difference)) {
                return false;
            }
            numbers[i] = codec::signed_to_ordered(difference);
        }
        return true;
    };
    if (!parse_all()) {
        layout = layout->trimmed();
        if (!parse_all()) {
            return false;
        }
    }
    add_letters(layout->letters());
    write_head(kTime, profile, meta);
    base::ByteWriter(meta).string(layout->stored());
    add_integers(numbers, meta);
    return true;
}

}  // namespace logi::block
