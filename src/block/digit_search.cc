#include "block/digit_search.h"

#include "block/decimal.h"
#include "block/digit_kernels.h"
#include "regex/substring.h"

#include <algorithm>

namespace logi::block {
namespace {

// Longer needles are rare enough to make texts for.
constexpr std::size_t kNeedleDigitsMax = 9;
// Numbers of 32 bits have no more.
constexpr unsigned kNarrowDigitsMax = 10;

// The digits of a needle as a number; nothing if it has other characters or too many of them.
std::optional<DigitRun> digits_of(std::string_view text) {
    DigitRun d;
    if (text.size() > kNeedleDigitsMax) {
        return std::nullopt;
    }
    for (const char c : text) {
        if (c < '0' || c > '9') {
            return std::nullopt;
        }
        d.value = d.value * 10 + static_cast<std::uint32_t>(c - '0');
        ++d.count;
    }
    return d;
}

template <typename F>
RowSet rows_where(absl::Span<const std::uint64_t> numbers, F&& f) {
    RowSet found = RowSet::none(numbers.size());
    for (std::size_t row = 0; row < numbers.size(); ++row) {
        if (f(numbers[row])) {
            found.add(row);
        }
    }
    return found;
}

// Numbers that were each taken apart into two, of so many bits that they can be looked through
// fast.
struct SplitNumbers {
    std::vector<std::uint64_t> upper;
    std::vector<std::uint64_t> lower;

    // The lower ones have so many digits.
    SplitNumbers(absl::Span<const std::uint64_t> numbers, unsigned digits)
        : upper(numbers.size()), lower(numbers.size()) {
        with_power_of_ten(digits, [&](auto power) {
            const auto unit = static_cast<std::uint64_t>(power);
            for (std::size_t i = 0; i < numbers.size(); ++i) {
                upper[i] = numbers[i] / unit;
                lower[i] = numbers[i] - upper[i] * unit;
            }
        });
    }
};

unsigned decimal_digits(std::uint64_t n) {
    unsigned digits = 1;
    while (n >= 10) {
        n /= 10;
        ++digits;
    }
    return digits;
}

// Numbers of more than 32 bits: what stands in the upper digits, in the lower nine, or across.
// As contain_integers() has them; none has other bits than `bits`, nor more than `places` digits.
std::optional<RowSet> contain_wide(absl::Span<const std::uint64_t> numbers,
                                   std::uint64_t bits,
                                   unsigned width,
                                   unsigned places,
                                   DigitRun run) {
    constexpr unsigned kLowerDigits = 9;
    const std::uint64_t unit = kPowersOfTen[kLowerDigits];
    const std::uint64_t across_unit = kPowersOfTen[run.count - 1];
    const bool begins_with_zero = run.count > 1 ? run.value < across_unit : run.value == 0;
    if (2 * (run.count - 1) > kNarrowDigitsMax - 1 || bits / unit >> 32U != 0 ||
        places <= kLowerDigits) {
        return std::nullopt;
    }
    // To digits that begin with another, zeros that are not written do not matter.
    if (begins_with_zero) {
        const std::uint64_t least =
            width > 0 ? kPowersOfTen[width - 1] : *std::min_element(numbers.begin(), numbers.end());
        if (least / unit < std::max<std::uint64_t>(across_unit / 10, 1)) {
            return std::nullopt;
        }
    }
    RowSet found = RowSet::none(numbers.size());
    const SplitNumbers halves(numbers, kLowerDigits);
    find_digit_run(
        halves.upper, std::min(places - kLowerDigits, kNarrowDigitsMax), width > 0, run, found);
    find_digit_run(halves.lower, kLowerDigits, true, run, found);
    std::vector<std::uint64_t> across(run.count > 1 ? numbers.size() : 0);
    const auto narrow_unit = static_cast<std::uint32_t>(across_unit);
    const auto behind = static_cast<std::uint32_t>(unit / across_unit);
    for (std::size_t row = 0; row < across.size(); ++row) {
        const auto upper = static_cast<std::uint32_t>(halves.upper[row]);
        const auto lower = static_cast<std::uint32_t>(halves.lower[row]);
        across[row] = upper % narrow_unit * narrow_unit + lower / behind;
    }
    if (run.count > 1) {
        find_digit_run(across, 2 * (run.count - 1), true, run, found);
    }
    return found;
}

// No less than the greatest, and found without a branch.
std::uint64_t all_bits(absl::Span<const std::uint64_t> numbers) {
    std::uint64_t bits[4] = {};
    std::size_t i = 0;
    for (; i + 4 <= numbers.size(); i += 4) {
        for (std::size_t lane = 0; lane < 4; ++lane) {
            bits[lane] |= numbers[i + lane];
        }
    }
    for (; i < numbers.size(); ++i) {
        bits[0] |= numbers[i];
    }
    return bits[0] | bits[1] | bits[2] | bits[3];
}

// Of 32 bits each, as contain_integers() has them.
std::optional<RowSet> contain_narrow(absl::Span<const std::uint32_t> numbers,
                                     unsigned width,
                                     DigitRun run) {
    std::uint32_t bits = 0;
    for (const std::uint32_t number : numbers) {
        bits |= number;
    }
    const unsigned places = width > 0 ? width : decimal_digits(bits);
    if (places > kNarrowDigitsMax) {
        return std::nullopt;
    }
    RowSet found = RowSet::none(numbers.size());
    find_digit_run(numbers, places, width > 0, run, found);
    return found;
}

// Numbers without zeros in front, or with them up to `width` digits.
RowSet contain_integers(absl::Span<const std::uint64_t> numbers, unsigned width, DigitRun run) {
    const std::uint64_t bits = all_bits(numbers);
    const bool padded = width > 0;
    const unsigned places = padded ? width : decimal_digits(bits);
    if (bits >> 32U == 0 && places <= kNarrowDigitsMax) {
        RowSet found = RowSet::none(numbers.size());
        find_digit_run(numbers, places, padded, run, found);
        return found;
    }
    if (auto found = contain_wide(numbers, bits, width, places, run)) {
        return *std::move(found);
    }
    return rows_where(numbers,
                      [&](std::uint64_t n) { return has_digit_run(n, places, padded, run); });
}

RowSet contain(absl::Span<const std::uint64_t> numbers, const DigitForm& form, DigitRun run) {
    if (form.scale == 0) {
        return contain_integers(numbers, form.width, run);
    }
    const SplitNumbers halves(numbers, form.scale);
    RowSet found = contain_integers(halves.upper, 0, run);
    found.unite(contain_integers(halves.lower, form.scale, run));
    return found;
}

// Digits on both sides of a point, or on one.
std::optional<RowSet> contain_point(absl::Span<const std::uint64_t> numbers,
                                    const DigitForm& form,
                                    std::string_view text) {
    const std::size_t point = text.find('.');
    const auto whole = digits_of(text.substr(0, point));
    const auto fraction = digits_of(text.substr(point + 1));
    if (!whole || !fraction) {
        return std::nullopt;
    }
    if (fraction->count > form.scale) {
        return RowSet::none(numbers.size());
    }
    const std::uint64_t unit = kPowersOfTen[form.scale];
    const std::uint64_t rest = kPowersOfTen[form.scale - fraction->count];
    const std::uint64_t modulus = kPowersOfTen[whole->count];
    const std::uint64_t least = whole->count > 1 ? kPowersOfTen[whole->count - 1] : 0;
    return rows_where(numbers, [&](std::uint64_t n) {
        return n % unit / rest == fraction->value && n / unit % modulus == whole->value &&
               n / unit >= least;
    });
}

// Integers that end with the digits, or are these.
RowSet end_with(absl::Span<const std::uint64_t> numbers, const DigitForm& form, DigitRun digits) {
    const std::uint64_t least =
        form.width == 0 && digits.count > 1 ? kPowersOfTen[digits.count - 1] : 0;
    return rows_where(numbers, [&, modulus = kPowersOfTen[digits.count]](std::uint64_t n) {
        return n % modulus == digits.value && n >= least;
    });
}

RowSet equal(absl::Span<const std::uint64_t> numbers, const DigitForm& form, DigitRun digits) {
    const bool written = form.width > 0
                             ? digits.count == form.width
                             : digits.count == 1 || digits.value >= kPowersOfTen[digits.count - 1];
    return written ? rows_where(numbers, [&](std::uint64_t n) { return n == digits.value; })
                   : RowSet::none(numbers.size());
}

RowSet begin_with(absl::Span<const std::uint64_t> numbers, const DigitForm& form, DigitRun digits) {
    if (form.width > 0) {
        return rows_where(numbers,
                          [&, unit = kPowersOfTen[form.width - digits.count]](std::uint64_t n) {
                              return n / unit == digits.value;
                          });
    }
    const std::uint64_t limit = kPowersOfTen[digits.count];
    return rows_where(numbers, [&](std::uint64_t n) {
        while (n >= limit) {
            n /= 10;
        }
        return n == digits.value && (digits.count == 1 || n >= limit / 10);
    });
}

// Two digits can stand anywhere. Without a separator the text behind belongs to the digits.
bool in_year_or_fraction(const TimeLayout& layout, const Needle& needle) {
    constexpr std::size_t kDigitsMin = 3;
    return !needle.at_begin && !needle.at_end && needle.text.size() >= kDigitsMin &&
           digits_of(needle.text) && !layout.ends_in_digits();
}

}  // namespace

bool never_in_times(const TimeLayout& layout, const Needle& needle) {
    return in_year_or_fraction(layout, needle) && !layout.has_year() &&
           layout.digits() < needle.text.size() &&
           !regex::contains(layout.text_behind(), needle.text);
}

std::optional<RowSet> find_digits_in_times(absl::Span<const std::int64_t> times,
                                           const TimeLayout& layout,
                                           const Needle& needle) {
    if (!in_year_or_fraction(layout, needle) ||
        (layout.trims_zeros() && needle.text.back() == '0')) {
        return std::nullopt;
    }
    const auto [least, greatest] = std::minmax_element(times.begin(), times.end());
    const auto year = layout.year_of(*least);
    if (year != layout.year_of(*greatest)) {
        return std::nullopt;
    }
    if (year.find(needle.text) != std::string::npos ||
        regex::contains(layout.text_behind(), needle.text)) {
        return RowSet::all(times.size());
    }
    if (layout.digits() < needle.text.size()) {
        return RowSet::none(times.size());
    }
    std::vector<std::uint64_t> fractions(times.size());
    with_power_of_ten(layout.digits(), [&](auto unit) {
        for (std::size_t row = 0; row < times.size(); ++row) {
            const std::int64_t rest = times[row] % unit;
            fractions[row] = static_cast<std::uint64_t>(rest < 0 ? rest + unit : rest);
        }
    });
    return find_digits(fractions, {0, layout.digits(), false}, needle);
}

std::optional<RowSet> find_digits(absl::Span<const std::uint64_t> numbers,
                                  const DigitForm& form,
                                  const Needle& needle) {
    if (needle.text.empty()) {
        return std::nullopt;
    }
    const auto points = std::count(needle.text.begin(), needle.text.end(), '.');
    if (points > (form.scale > 0 ? 1 : 0)) {
        return RowSet::none(numbers.size());
    }
    if (form.trimmed) {
        return std::nullopt;
    }
    if (points > 0) {
        return needle.at_begin || needle.at_end ? std::nullopt
                                                : contain_point(numbers, form, needle.text);
    }
    const auto digits = digits_of(needle.text);
    if (!digits) {
        return std::nullopt;
    }
    if (!needle.at_begin && !needle.at_end) {
        return contain(numbers, form, *digits);
    }
    if (form.scale > 0 || (form.width > 0 && digits->count > form.width)) {
        return std::nullopt;
    }
    if (needle.at_begin) {
        return needle.at_end ? equal(numbers, form, *digits) : begin_with(numbers, form, *digits);
    }
    return end_with(numbers, form, *digits);
}

bool may_search_narrow(const DigitForm& form, const Needle& needle) {
    return !form.trimmed && form.scale == 0 && form.width <= kNarrowDigitsMax && !needle.at_begin &&
           !needle.at_end && !needle.text.empty() && digits_of(needle.text).has_value();
}

std::optional<RowSet> find_digits_narrow(absl::Span<const std::uint32_t> numbers,
                                         const DigitForm& form,
                                         const Needle& needle) {
    const auto digits = digits_of(needle.text);
    return digits ? contain_narrow(numbers, form.width, *digits) : std::nullopt;
}

}  // namespace logi::block
