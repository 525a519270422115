#include "block/digit_search.h"

#include "block/digit_kernels.h"
#include "regex/substring.h"

#include <algorithm>
#include <array>

namespace logi::block {
namespace {

// Longer needles are rare enough to make texts for.
constexpr std::size_t kDigitsMax = 9;
// What all numbers of so many digits fit into 32 bits with, and then some.
constexpr unsigned kNarrowDigitsMax = 10;

constexpr std::uint64_t power(unsigned n) {
    std::uint64_t p = 1;
    while (n-- > 0) {
        p *= 10;
    }
    return p;
}

// The digits of a needle as a number; nothing if it has other characters or too many of them.
struct Digits {
    unsigned count = 0;
    std::uint64_t value = 0;
};
std::optional<Digits> digits_of(std::string_view text) {
    Digits d;
    if (text.size() > kDigitsMax) {
        return std::nullopt;
    }
    for (const char c : text) {
        if (c < '0' || c > '9') {
            return std::nullopt;
        }
        d.value = d.value * 10 + static_cast<std::uint64_t>(c - '0');
        ++d.count;
    }
    return d;
}

// Whether K digits stand somewhere in a number without zeros in front.
template <unsigned K>
bool has(std::uint64_t number, std::uint64_t digits) {
    constexpr std::uint64_t kModulus = power(K);
    constexpr std::uint64_t kLeast = K == 1 ? 1 : power(K - 1);
    if (number == 0) {
        return K == 1 && digits == 0;
    }
    if (number >> 32U == 0) {
        for (auto n = static_cast<std::uint32_t>(number); n >= kLeast; n /= 10) {
            if (n % static_cast<std::uint32_t>(kModulus) == digits) {
                return true;
            }
        }
        return false;
    }
    for (; number >= kLeast; number /= 10) {
        if (number % kModulus == digits) {
            return true;
        }
    }
    return false;
}

// Whether K digits stand somewhere in a number of `width` digits, with zeros in front.
template <unsigned K>
bool has_padded(std::uint64_t number, std::uint64_t digits, unsigned width) {
    for (unsigned i = K; i <= width; ++i, number /= 10) {
        if (number % power(K) == digits) {
            return true;
        }
    }
    return false;
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
struct Halves {
    std::vector<std::uint64_t> upper;
    std::vector<std::uint64_t> lower;

    Halves(absl::Span<const std::uint64_t> numbers, std::uint64_t unit) {
        upper.reserve(numbers.size());
        lower.reserve(numbers.size());
        for (const std::uint64_t n : numbers) {
            upper.push_back(n / unit);
            lower.push_back(n % unit);
        }
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

// Numbers without zeros in front, or with them up to `width` digits.
template <unsigned K>
RowSet contain_integers(absl::Span<const std::uint64_t> numbers,
                        unsigned width,
                        std::uint64_t digits) {
    const DigitRun run{static_cast<std::uint32_t>(digits), K};
    RowSet found = RowSet::none(numbers.size());
    // No less than the greatest, and found without a branch.
    std::uint64_t bits = 0;
    for (const std::uint64_t n : numbers) {
        bits |= n;
    }
    if (bits >> 32U == 0 && width <= kNarrowDigitsMax) {
        const unsigned places = width > 0 ? width : decimal_digits(bits);
        find_digit_run(numbers, places, width > 0, run, found);
        return found;
    }
    // Times since 1970, for the most part: what stands in the upper digits, in the lower nine, or
    // across.
    constexpr std::uint64_t kUnit = power(9);
    constexpr std::uint64_t kAcross = power(K - 1);
    const auto [least, greatest] = std::minmax_element(numbers.begin(), numbers.end());
    if (width == 0 && 2 * (K - 1) < kNarrowDigitsMax && *greatest / kUnit >> 32U == 0 &&
        *least / kUnit >= std::max<std::uint64_t>(kAcross / 10, 1)) {
        const Halves halves(numbers, kUnit);
        find_digit_run(halves.upper, decimal_digits(*greatest / kUnit), false, run, found);
        find_digit_run(halves.lower, 9, true, run, found);
        if constexpr (K > 1) {
            std::vector<std::uint64_t> across(numbers.size());
            for (std::size_t row = 0; row < across.size(); ++row) {
                across[row] =
                    halves.upper[row] % kAcross * kAcross + halves.lower[row] / (kUnit / kAcross);
            }
            find_digit_run(across, 2 * (K - 1), true, run, found);
        }
        return found;
    }
    if (width > 0) {
        return rows_where(numbers,
                          [&](std::uint64_t n) { return has_padded<K>(n, digits, width); });
    }
    return rows_where(numbers, [&](std::uint64_t n) { return has<K>(n, digits); });
}

template <unsigned K>
RowSet contain(absl::Span<const std::uint64_t> numbers,
               const DigitForm& form,
               std::uint64_t digits) {
    if (form.scale == 0) {
        return contain_integers<K>(numbers, form.width, digits);
    }
    const Halves halves(numbers, power(form.scale));
    RowSet found = contain_integers<K>(halves.upper, 0, digits);
    found.unite(contain_integers<K>(halves.lower, form.scale, digits));
    return found;
}

using Contain = RowSet (*)(absl::Span<const std::uint64_t>, const DigitForm&, std::uint64_t);
constexpr std::array<Contain, kDigitsMax> kContain = {contain<1>,
                                                      contain<2>,
                                                      contain<3>,
                                                      contain<4>,
                                                      contain<5>,
                                                      contain<6>,
                                                      contain<7>,
                                                      contain<8>,
                                                      contain<9>};

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
    const std::uint64_t unit = power(form.scale);
    const std::uint64_t rest = power(form.scale - fraction->count);
    const std::uint64_t modulus = power(whole->count);
    const std::uint64_t least = whole->count > 1 ? power(whole->count - 1) : 0;
    return rows_where(numbers, [&](std::uint64_t n) {
        return n % unit / rest == fraction->value && n / unit % modulus == whole->value &&
               n / unit >= least;
    });
}

// Integers that end with the digits, or are these.
RowSet end_with(absl::Span<const std::uint64_t> numbers,
                const DigitForm& form,
                const Digits& digits) {
    const std::uint64_t least = form.width == 0 && digits.count > 1 ? power(digits.count - 1) : 0;
    return rows_where(numbers, [&, modulus = power(digits.count)](std::uint64_t n) {
        return n % modulus == digits.value && n >= least;
    });
}

RowSet equal(absl::Span<const std::uint64_t> numbers, const DigitForm& form, const Digits& digits) {
    const bool written = form.width > 0
                             ? digits.count == form.width
                             : digits.count == 1 || digits.value >= power(digits.count - 1);
    return written ? rows_where(numbers, [&](std::uint64_t n) { return n == digits.value; })
                   : RowSet::none(numbers.size());
}

RowSet begin_with(absl::Span<const std::uint64_t> numbers,
                  const DigitForm& form,
                  const Digits& digits) {
    if (form.width > 0) {
        return rows_where(numbers, [&, unit = power(form.width - digits.count)](std::uint64_t n) {
            return n / unit == digits.value;
        });
    }
    const std::uint64_t limit = power(digits.count);
    return rows_where(numbers, [&](std::uint64_t n) {
        while (n >= limit) {
            n /= 10;
        }
        return n == digits.value && (digits.count == 1 || n >= limit / 10);
    });
}

}  // namespace

namespace {

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
    const auto unit = static_cast<std::int64_t>(power(layout.digits()));
    std::vector<std::uint64_t> fractions(times.size());
    for (std::size_t row = 0; row < times.size(); ++row) {
        const std::int64_t rest = times[row] % unit;
        fractions[row] = static_cast<std::uint64_t>(rest < 0 ? rest + unit : rest);
    }
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
        return kContain[digits->count - 1](numbers, form, digits->value);
    }
    if (form.scale > 0 || (form.width > 0 && digits->count > form.width)) {
        return std::nullopt;
    }
    if (needle.at_begin) {
        return needle.at_end ? equal(numbers, form, *digits) : begin_with(numbers, form, *digits);
    }
    return end_with(numbers, form, *digits);
}

}  // namespace logi::block
