#include "template/value_printer.h"

#include "absl/strings/str_format.h"
#include "fields/conversions.h"
#include "template/number.h"
#include "template/quote.h"
#include "template/time_format.h"
#include "template/utf8.h"

#include <algorithm>
#include <cmath>

namespace logi::tmpl {
namespace {

bool is_text_verb(char32_t verb) {
    return verb == 'v' || verb == 's' || verb == 'q' || verb == 'x' || verb == 'X';
}

// What the String method of the value gives.
std::string string_of(const Value& value) {
    switch (value.kind()) {
        case Kind::kTime:
            return time_to_string(value.as_time());
        case Kind::kDuration:
            return fields::format_go_duration({value.as_int()});
        case Kind::kMonth:
            return std::string(month_name(value.as_int()));
        default:
            return std::string(weekday_name(value.as_int()));
    }
}

std::string digits_of(std::uint64_t v, unsigned base, bool upper) {
    const std::string_view digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    std::string out;
    do {
        out.push_back(digits[v % base]);
        v /= base;
    } while (v != 0);
    std::reverse(out.begin(), out.end());
    return out;
}

// For %#g and the like: a decimal point always, and zeros up to as many digits as were asked for.
// The text begins with a sign. (Go counts the x of 0x as a digit.)
std::string keep_trailing_zeros(std::string_view text, char verb, int precision) {
    const bool hex = verb == 'x' || verb == 'X';
    const std::size_t exponent = std::min(text.find_first_of(hex ? "pP" : "eE"), text.size());
    std::string out(text.substr(0, exponent));
    int digits = 0;
    for (const char c : std::string_view(out).substr(1)) {
        digits += c != '.' && (digits > 0 || c != '0') ? 1 : 0;
    }
    if (out.find('.') == std::string::npos) {
        digits += out.size() == 2 && out[1] == '0' ? 1 : 0;
        out.push_back('.');
    }
    if (verb == 'g' || verb == 'G' || verb == 'x') {
        const int wanted = precision < 0 ? 6 : precision;
        out.append(static_cast<std::size_t>(std::max(wanted - digits, 0)), '0');
    }
    return out.append(text.substr(exponent));
}

std::uint64_t magnitude(std::int64_t v) {
    return v < 0 ? 0 - static_cast<std::uint64_t>(v) : static_cast<std::uint64_t>(v);
}

}  // namespace

void ValuePrinter::pad(std::string_view text) {
    const auto width = static_cast<std::size_t>(std::max(flags_.width, 0));
    const std::size_t length = width == 0 ? 0 : rune_count(text);
    const std::size_t fill = length < width ? width - length : 0;
    if (flags_.minus) {
        out_.append(text);
        out_.append(fill, ' ');
    } else {
        out_.append(fill, flags_.zero ? '0' : ' ');
        out_.append(text);
    }
}

void ValuePrinter::print(const Value& value, char32_t verb) {
    if (verb == 'T') {
        return print_string(value.is_nil() ? "<nil>" : value.type_name(), value, 's');
    }
    switch (value.kind()) {
        case Kind::kNone:
        case Kind::kNil:
            return verb == 'v' ? pad("<nil>") : print_bad_verb(value, verb);
        case Kind::kBool:
            return print_bool(value, verb);
        case Kind::kInt:
        case Kind::kInt64:
        case Kind::kUint8:
            return print_integer(value, verb);
        case Kind::kFloat64:
            return print_float(value, verb);
        case Kind::kString:
            return print_string(value.as_string(), value, verb);
        case Kind::kList:
            return print_list(value, verb);
        case Kind::kMap:
        case Kind::kLabels:
            return print_map(value, verb);
        case Kind::kTime:
        case Kind::kDuration:
        case Kind::kMonth:
        case Kind::kWeekday:
            return print_stringer(value, verb);
    }
}

// A time has no other form here; the others are integers for the verbs of integers.
void ValuePrinter::print_stringer(const Value& value, char32_t verb) {
    if (value.is(Kind::kTime)) {
        return print_string(string_of(value), value, is_text_verb(verb) ? verb : 'v');
    }
    if (is_text_verb(verb) && !flags_.sharp_v && !in_bad_verb_) {
        return print_string(string_of(value), value, verb);
    }
    print_integer(value, verb);
}

void ValuePrinter::print_bool(const Value& value, char32_t verb) {
    if (verb != 't' && verb != 'v') {
        return print_bad_verb(value, verb);
    }
    pad(value.as_bool() ? "true" : "false");
}

void ValuePrinter::print_integer(const Value& value, char32_t verb) {
    const std::int64_t v = value.as_int();
    switch (verb) {
        case 'v':
            if (flags_.sharp_v && value.is(Kind::kUint8)) {
                flags_.sharp = true;
                return print_number(v, 16, false, 'x');
            }
            return print_number(v, 10, false, verb);
        case 'd':
            return print_number(v, 10, false, verb);
        case 'b':
            return print_number(v, 2, false, verb);
        case 'o':
        case 'O':
            return print_number(v, 8, false, verb);
        case 'x':
            return print_number(v, 16, false, verb);
        case 'X':
            return print_number(v, 16, true, verb);
        case 'c':
            return pad(
                encode_rune(v < 0 || v > 0x10FFFF ? kReplacement : static_cast<char32_t>(v)));
        case 'q':
            return pad(quote_rune(v < 0 || v > 0x10FFFF ? kReplacement : static_cast<char32_t>(v),
                                  flags_.plus));
        case 'U':
            return print_unicode(v);
        default:
            return print_bad_verb(value, verb);
    }
}

void ValuePrinter::print_number(std::int64_t v, int base, bool upper, char32_t verb) {
    std::string digits = digits_of(magnitude(v), static_cast<unsigned>(base), upper);
    int least = 0;
    const bool zero_filled = flags_.zero && !flags_.minus && flags_.width >= 0;
    if (flags_.precision >= 0) {
        least = flags_.precision;
        if (least == 0 && v == 0) {
            flags_.zero = false;
            return pad("");
        }
    } else if (zero_filled) {
        least = flags_.width - (v < 0 || flags_.plus || flags_.space ? 1 : 0);
    }
    if (static_cast<int>(digits.size()) < least) {
        digits.insert(0, static_cast<std::size_t>(least) - digits.size(), '0');
    }
    std::string prefix;
    if (flags_.sharp) {
        prefix = base == 2 ? "0b" : base == 16 ? (upper ? "0X" : "0x") : "";
        if (base == 8 && digits[0] != '0') {
            prefix = "0";
        }
    }
    if (verb == 'O') {
        prefix.insert(0, "0o");
    }
    const std::string_view sign = v < 0 ? "-" : flags_.plus ? "+" : flags_.space ? " " : "";
    flags_.zero = false;
    pad(std::string(sign) + prefix + digits);
}

void ValuePrinter::print_unicode(std::int64_t v) {
    const auto code = static_cast<std::uint64_t>(v);
    std::string digits = digits_of(code, 16, true);
    const auto least = static_cast<std::size_t>(std::max(flags_.precision, 4));
    if (digits.size() < least) {
        digits.insert(0, least - digits.size(), '0');
    }
    std::string text = "U+" + digits;
    if (flags_.sharp && code <= 0x10FFFF && is_print(static_cast<char32_t>(code))) {
        text += " '" + encode_rune(static_cast<char32_t>(code)) + "'";
    }
    flags_.zero = false;
    pad(text);
}

void ValuePrinter::print_float(const Value& value, char32_t verb) {
    const double v = value.as_double();
    switch (verb) {
        case 'v':
            return print_float_text(v, 'g', -1);
        case 'b':
        case 'g':
        case 'G':
        case 'x':
        case 'X':
            return print_float_text(v, static_cast<char>(verb), -1);
        case 'f':
        case 'e':
        case 'E':
            return print_float_text(v, static_cast<char>(verb), 6);
        case 'F':
            return print_float_text(v, 'f', 6);
        default:
            return print_bad_verb(value, verb);
    }
}

void ValuePrinter::print_float_text(double v, char verb, int precision) {
    if (flags_.precision >= 0) {
        precision = flags_.precision;
    }
    const bool binary = verb == 'b' || verb == 'x' || verb == 'X';
    std::string text =
        binary ? format_float_binary(v, verb, precision) : format_float(v, verb, precision);
    if (text[0] != '-' && text[0] != '+') {
        text.insert(0, "+");
    }
    if (flags_.space && !flags_.plus && text[0] == '+') {
        text[0] = ' ';
    }
    if (!std::isfinite(v)) {
        // No zeros in front, and the sign always shows but for NaN.
        flags_.zero = false;
        const bool hides_sign = std::isnan(v) && !flags_.space && !flags_.plus;
        return pad(std::string_view(text).substr(hides_sign ? 1 : 0));
    }
    if (flags_.sharp && verb != 'b') {
        text = keep_trailing_zeros(text, verb, precision);
    }
    const bool shows_sign = flags_.plus || text[0] != '+';
    const std::string_view shown = std::string_view(text).substr(shows_sign ? 0 : 1);
    const auto width = static_cast<std::size_t>(std::max(flags_.width, 0));
    if (shows_sign && flags_.zero && !flags_.minus && width > text.size()) {
        out_.push_back(text[0]);
        out_.append(width - text.size(), '0');
        out_.append(shown.substr(1));
        return;
    }
    pad(shown);
}

void ValuePrinter::print_string(std::string_view text, const Value& value, char32_t verb) {
    switch (verb) {
        case 'v':
            if (flags_.sharp_v) {
                return print_quoted(text);
            }
            [[fallthrough]];
        case 's':
            if (flags_.precision >= 0) {
                text =
                    text.substr(0, rune_offset(text, static_cast<std::size_t>(flags_.precision)));
            }
            return pad(text);
        case 'x':
            return print_hex(text, false);
        case 'X':
            return print_hex(text, true);
        case 'q':
            return print_quoted(text);
        default:
            return print_bad_verb(value, verb);
    }
}

void ValuePrinter::print_quoted(std::string_view text) {
    if (flags_.precision >= 0) {
        text = text.substr(0, rune_offset(text, static_cast<std::size_t>(flags_.precision)));
    }
    if (flags_.sharp && can_backquote(text)) {
        return pad("`" + std::string(text) + "`");
    }
    pad(quote(text, flags_.plus));
}

void ValuePrinter::print_hex(std::string_view text, bool upper) {
    if (flags_.precision >= 0) {
        text = text.substr(0, static_cast<std::size_t>(flags_.precision));
    }
    const std::string_view digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    const std::string_view prefix = upper ? "0X" : "0x";
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (flags_.space && i > 0) {
            out.push_back(' ');
        }
        if (flags_.sharp && (flags_.space || i == 0)) {
            out.append(prefix);
        }
        const auto byte = static_cast<unsigned char>(text[i]);
        out.push_back(digits[byte >> 4U]);
        out.push_back(digits[byte & 0xFU]);
    }
    pad(out);
}

void ValuePrinter::print_element(const Value& value, char32_t verb) {
    if (!value.is_nil()) {
        // Some verbs change their flags.
        const FormatFlags flags = flags_;
        print(value, verb);
        flags_ = flags;
    } else if (flags_.sharp_v) {
        out_.append("interface {}(nil)");
    } else {
        out_.append("<nil>");
    }
}

void ValuePrinter::print_list(const Value& value, char32_t verb) {
    if (flags_.sharp_v) {
        out_.append(value.type_name());
    }
    out_.push_back(flags_.sharp_v ? '{' : '[');
    bool first = true;
    for (const Value& item : value.as_list()) {
        if (!first) {
            out_.append(flags_.sharp_v ? ", " : " ");
        }
        first = false;
        print_element(item, verb);
        if (out_.full()) {
            return;
        }
    }
    out_.push_back(flags_.sharp_v ? '}' : ']');
}

void ValuePrinter::print_map(const Value& value, char32_t verb) {
    out_.append(flags_.sharp_v ? value.type_name() : "map");
    out_.push_back(flags_.sharp_v ? '{' : '[');
    bool first = true;
    for (const MapEntry& entry : value.as_map()) {
        if (!first) {
            out_.append(flags_.sharp_v ? ", " : " ");
        }
        first = false;
        print_element(Value::string(entry.key), verb);
        out_.push_back(':');
        print_element(entry.value, verb);
        if (out_.full()) {
            return;
        }
    }
    out_.push_back(flags_.sharp_v ? '}' : ']');
}

void ValuePrinter::print_bad_verb(const Value& value, char32_t verb) {
    out_.append("%!");
    out_.append(encode_rune(verb));
    out_.push_back('(');
    if (value.is_nil()) {
        out_.append("<nil>");
    } else {
        out_.append(value.type_name());
        out_.push_back('=');
        in_bad_verb_ = true;
        print(value, 'v');
        in_bad_verb_ = false;
    }
    out_.push_back(')');
}

}  // namespace logi::tmpl
