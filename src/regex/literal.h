// A text to look for, as it is or in any case.
#pragma once

#include "base/ascii.h"
#include "regex/substring.h"

#include <string>
#include <string_view>

namespace logi::regex {

// Whether a letter of any case means ASCII alone: K and S have a third form, as the signs of the
// kelvin and of the long s, and so has about every character beyond ASCII.
[[nodiscard]] constexpr bool folds_within_ascii(char c) {
    return (c & 0x80) == 0 && base::to_lower_ascii(c) != 'k' && base::to_lower_ascii(c) != 's';
}

struct Literal {
    std::string text;
    bool any_case = false;  // of ASCII letters; then the text has none in upper case
    friend bool operator==(const Literal&, const Literal&) = default;
};

[[nodiscard]] inline std::size_t find(std::string_view text,
                                      const Literal& literal,
                                      std::size_t from = 0) {
    return literal.any_case ? find_any_case(text, literal.text, from)
                            : find(text, literal.text, from);
}
[[nodiscard]] inline bool contains(std::string_view text, const Literal& literal) {
    return find(text, literal) != kNotFound;
}

}  // namespace logi::regex
