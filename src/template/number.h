// Numbers in text, by Go's strconv; floats are read by fields/conversions.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace logi::tmpl {

enum class NumberError { kNone, kSyntax, kRange };

template <typename T>
struct Parsed {
    T value{};
    NumberError error = NumberError::kNone;
    [[nodiscard]] bool ok() const { return error == NumberError::kNone; }
};

// base 0: 0x, 0o, 0b, a leading 0 for octal, and underscores between digits; else 10.
[[nodiscard]] Parsed<std::int64_t> parse_int(std::string_view s, int base);
[[nodiscard]] Parsed<std::uint64_t> parse_uint(std::string_view s, int base);

// strconv.ParseInt: parsing "x": invalid syntax
[[nodiscard]] std::string number_error(std::string_view function,
                                       std::string_view text,
                                       NumberError error);

// format is one of e E f g G; precision -1 is as many digits as the value needs.
[[nodiscard]] std::string format_float(double v, char format, int precision);
// format is b (mantissa and binary exponent), x or X (hexadecimal).
[[nodiscard]] std::string format_float_binary(double v, char format, int precision);
// Go's conversion of a float to an integer on amd64: what does not fit is the smallest integer.
[[nodiscard]] std::int64_t truncate_to_int(double v);

}  // namespace logi::tmpl
